"""The cost of tracing the models of `examples/` and lowering them to StableHLO.

python benchmarks/tracing_models.py [--models gpt2,bert] [--rounds 7] [--profile]

Importing and initialising the parameters are not timed. The output is the median milliseconds of
tracing, of the graph passes, and of emitting StableHLO; with --profile also where the time goes.
"""

from __future__ import annotations

import argparse
import cProfile
import importlib.util
import pstats
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import farrier as fr
from farrier.compiling.trace import trace
from farrier_compiler.graph import Graph
from farrier_compiler.passes.pipeline import default_pipeline, run_passes
from farrier_compiler.stablehlo.builder import Builder
from farrier_compiler.stablehlo.lower import lower

EXAMPLES = Path(__file__).parents[1] / "examples"
TOKENS = fr.InputInfo((1, 128), fr.int32)
IMAGE = fr.InputInfo((1, 3, 224, 224), fr.float32)
MODELS: dict[str, tuple[str, list[fr.InputInfo]]] = {
    "gpt2": ("GPT2", [TOKENS]),
    "bert": ("SentenceEncoder", [TOKENS, TOKENS]),
    "clip": ("CLIP", [fr.InputInfo((1, 77), fr.int32), IMAGE]),
    "resnet": ("ResNetForImageClassification", [IMAGE]),
}


def initialized(example: str) -> fr.Module:
    """Return the model of an example in its default configuration, such as GPT-2's 12 layers."""
    path = EXAMPLES / example / "model.py"
    spec = importlib.util.spec_from_file_location(f"{example}_model", path)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    net = getattr(module, MODELS[example][0])()
    net.reset_parameters(seed=0)
    for tensor in net.state_dict().values():
        tensor.eval()
    return net


def steps(net: fr.Module, infos: list[fr.InputInfo]) -> tuple[Graph, list[float]]:
    """Return the traced graph, and the seconds of tracing, of the passes and of emission."""
    times = [time.perf_counter()]
    graph = trace(net, infos).graph
    times.append(time.perf_counter())
    optimized = run_passes(graph, default_pipeline())
    times.append(time.perf_counter())
    lower([optimized], Builder)
    times.append(time.perf_counter())
    return graph, [later - earlier for earlier, later in pairwise(times)]


def profile(function: Callable[[], Any], count: int = 20) -> None:
    """Print the functions that take longest, in cumulative and in own time."""
    profiler = cProfile.Profile()
    profiler.runcall(function)
    for order in ("cumulative", "tottime"):
        pstats.Stats(profiler).sort_stats(order).print_stats(count)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    print(f"{'':12}{'ops':>6}{'trace ms':>12}{'passes ms':>12}{'emit ms':>12}{'total ms':>12}")
    for example in options.models.split(","):
        net, infos = initialized(example), MODELS[example][1]
        graph, _ = steps(net, infos)  # the first imports IREE's compiler
        rounds = [steps(net, infos)[1] for _ in range(options.rounds)]
        columns = [median(column) for column in zip(*rounds, strict=True)]
        columns.append(median(map(sum, rounds)))
        print(f"{example:12}{len(graph.nodes):6}" + "".join(f"{x * 1e3:12.1f}" for x in columns))
        if options.profile:
            profile(lambda net=net, infos=infos: steps(net, infos))


if __name__ == "__main__":
    main()
