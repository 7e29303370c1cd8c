"""The cost of tracing, in microseconds for each public function, operator and layer.

python benchmarks/tracing.py [--rounds 5] [--only NAME ...]

Every function that records ops is measured. It is called with tensors alone, unless `ARGUMENTS` has
an entry for it. The slowest comes first; all should take less than 100 us, and an op less than 20.
"""

from __future__ import annotations

import argparse
import functools
import inspect
import time
from collections.abc import Callable, Iterator
from typing import Any

import farrier as fr
from farrier_compiler.graph import topological

COUNT = 200

X = fr.ones((4, 4)).eval()
ROW = fr.ones((4,)).eval()
IMAGE = fr.ones((1, 4, 8, 8)).eval()
WHOLE = fr.ones((4, 4), fr.int32).eval()
TRUE = fr.ones((4, 4), fr.bool).eval()
PAIRS = ((1, 1), (1, 1))

# Arguments of functions that need more than tensors, or only certain tensors.
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "all": (TRUE,),
    "any": (TRUE,),
    "arange": (0, 8),
    "avgpool": (IMAGE, (2, 2)),
    "batch_norm": (IMAGE, ROW, ROW, ROW, ROW),
    "bitcast": (X, fr.int32),
    "cast": (X, fr.float16),
    "clamp": (X, 0.0, 1.0),
    "concatenate": ([X, X], 1),
    "conv_transpose": (IMAGE, fr.ones((4, 2, 3, 3)), (2, 2), PAIRS, (1, 1), 2),
    "convolution": (IMAGE, fr.ones((4, 4, 3, 3)), (1, 1), PAIRS),
    "copy": (X, fr.device("cpu")),
    "cumsum": (X, 1),
    "dequantize": (fr.ones((4, 4), fr.int8).eval(), 0.5, fr.float32),
    "dot_general": (X, X, ((1,), (0,))),
    "expand": (ROW, (4, 4)),
    "full": ((4, 4), 2.0),
    "full_like": (X, 2.0),
    "gather": (X, 1, fr.Tensor([0, 2])),
    "group_norm": (IMAGE, 2, ROW, ROW),
    "instance_norm": (IMAGE, ROW, ROW),
    "iota": ((4, 4),),
    "layer_norm": (X, 4, ROW, ROW),
    "masked_fill": (X, TRUE, 0.0),
    "maxpool": (IMAGE, (2, 2)),
    "ones": ((4, 4),),
    "outer": (ROW, ROW),
    "pad": (X, PAIRS),
    "permute": (X, (1, 0)),
    "quantize": (X, 0.5, fr.int8),
    "rand": (4, 4),
    "randn": (4, 4),
    "repeat": (X, 2, 1),
    "reshape": (X, (2, -1)),
    "resize": (IMAGE, (1, 4, 16, 16)),
    "rms_norm": (X, 4, ROW),
    "shift_left": (WHOLE, WHOLE),
    "shift_right": (WHOLE, WHOLE),
    "slice": (X, (1, slice(None, None, -2))),
    "softmax": (X, -1),
    "log_softmax": (X, -1),
    "split": (X, 2),
    "squeeze": (fr.ones((1, 4)), 0),
    "stack": ([X, X],),
    "topk": (X, 2),
    "transpose": (X, 0, 1),
    "unsqueeze": (X, 0),
    "var": (X, 1),
    "where": (TRUE, X, X),
    "zeros": ((4, 4),),
    "bitwise_and": (TRUE, TRUE),
    "logical_and": (TRUE, TRUE),
    "bitwise_or": (TRUE, TRUE),
    "logical_or": (TRUE, TRUE),
    "bitwise_xor": (TRUE, TRUE),
    "logical_xor": (TRUE, TRUE),
    "bitwise_not": (TRUE,),
    "logical_not": (TRUE,),
}
# Functions that evaluate tensors or record nothing.
OTHERS = {
    "quantization_report",
    "quantize_module",
    "allclose",
    "compile",
    "default_stream",
    "equal",
}

CASES: dict[str, Callable[[], Any]] = {
    "x + row": lambda: X + ROW,
    "x * 2.0": lambda: X * 2.0,
    "x @ x": lambda: X @ X,
    "x[:2] padded back": lambda: fr.pad(X[:2], ((0, 2), (0, 0))),
    "x[:, [0, 2]]": lambda: X[:, [0, 2]],
    "resize, cubic": lambda: fr.resize(IMAGE, (1, 4, 16, 16), "cubic"),
    "resize, nearest": lambda: fr.resize(IMAGE, (1, 4, 16, 16), "nearest"),
    "pad, reflect": lambda: fr.pad(X, PAIRS, "reflect"),
    "gelu, tanh": lambda: fr.gelu(X, "tanh"),
    "avgpool, padded": lambda: fr.avgpool(IMAGE, (2, 2), None, PAIRS, count_include_pad=False),
}

LAYERS: dict[str, tuple[fr.Module, fr.Tensor]] = {
    "Linear": (fr.Linear(4, 4), X),
    "NLinear": (fr.NLinear(4, 4, 4), X),
    "Conv": (fr.Conv(4, 4, (1, 1)), IMAGE),
    "ConvTranspose": (fr.ConvTranspose(4, 4, (2, 2)), IMAGE),
    "BatchNorm": (fr.BatchNorm(4), IMAGE),
    "GroupNorm": (fr.GroupNorm(2, 4), IMAGE),
    "InstanceNorm": (fr.InstanceNorm(4), IMAGE),
    "LayerNorm": (fr.LayerNorm(4), X),
    "RMSNorm": (fr.RMSNorm(4), X),
    "Embedding": (fr.Embedding(4, 4), WHOLE),
}


def cases() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield the name and the function of each case."""
    functions = {name: member for name, member in vars(fr).items() if inspect.isfunction(member)}
    for name in functions.keys() - OTHERS - {"__getattr__"}:
        yield name, functools.partial(functions[name], *_arguments(name))
    yield from CASES.items()
    for name, (layer, x) in LAYERS.items():
        yield name, functools.partial(layer, x)


def _arguments(name: str) -> tuple[Any, ...]:
    parameters = inspect.signature(getattr(fr, name)).parameters.values()
    needed = sum(parameter.default is parameter.empty for parameter in parameters)
    arguments = ARGUMENTS.get(name, (X,) * needed)
    return tuple(part.eval() if isinstance(part, fr.Tensor) else part for part in arguments)


def microseconds(function: Callable[[], Any], rounds: int) -> float:
    """Return the best time that a call takes when it is recorded."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(COUNT):
            function()
        best = min(best, time.perf_counter() - start)
    return best / COUNT * 1e6


def operations(result: Any) -> int:
    """Return the number of ops that a result depends on."""
    results = result if isinstance(result, tuple) else (result,)
    return len(topological([part.value for part in results]))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[])
    arguments = parser.parse_args()
    figures: list[tuple[float, str, int]] = []
    for name, function in cases():
        if not arguments.only or name in arguments.only:
            ops = operations(function())
            figures.append((microseconds(function, arguments.rounds), name, ops))
    print(f"{'':24}{'ops':>6}{'us a call':>12}{'us an op':>12}")
    for time_taken, name, ops in sorted(figures, reverse=True):
        print(f"{name:24}{ops:6}{time_taken:12.1f}{time_taken / max(ops, 1):12.1f}")


if __name__ == "__main__":
    main()
