"""Compile a Module or function to a vmfb, or show its IRs.

MODEL is FILE.py:NAME, where NAME is a Module class (called without arguments), a Module or a
function; or a .graph file, as --dump graph prints it; or StableHLO in an .mlir file.
Without -o and --dump, the artifact is NAME.vmfb in the current directory.

A dynamic size is (MIN,OPT,MAX), or batch(MIN,OPT,MAX) with a name. Equal names mean equal sizes,
and only the first needs bounds. (MIN,OPT,MAX) alone is an input that is itself a size.

--calibration FILE.npz holds an array of samples for each input, by name. If it has one dimension
more than the input, each sample is an input. Otherwise its first dimension is that of the input,
and samples are taken in batches of that dimension's usual size; a last batch that is smaller than
its minimum is left out.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from farrier.commands import dumps
from farrier.commands.files import check_folder
from farrier.commands.source import calibration, model, read
from farrier.commands.text import size_text, time_text

if TYPE_CHECKING:
    from farrier_compiler.driver import Compiled, Options
    from farrier_compiler.driver.targets import Target


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add = parser.add_argument
    add("model", metavar="MODEL", help="FILE.py:NAME, FILE.graph or FILE.mlir")
    add(
        "--input",
        action="append",
        default=[],
        metavar="[NAME=]TYPE",
        help="an input's type, such as x=1x1x8x8xf32 or x=batch(1,4,64)x128xf32; repeat it for "
        "each input",
    )
    add(
        "--target",
        action="append",
        default=[],
        metavar="TARGET",
        help="cpu, cpu:x86-64-v3, cuda:sm_80, ...; repeat it for several in one artifact "
        "(default: this machine's GPU if it has one, else its CPU; see 'farrier targets')",
    )
    add("-o", "--output", metavar="FILE", help="where to write the artifact")
    add("--weights", metavar="FILE", help="the parameters: .safetensors, its .index.json, .npz")
    add("--seed", type=int, metavar="N", help="random parameters instead, by torch's rules")
    add("--dummy-parameters", action="store_true", help="parameters 0, 1, 2, ... instead")
    add("--function-name", metavar="NAME", help="the function's name in the artifact")
    calibration.add_arguments(parser.add_argument_group("quantization"))
    _add_compiler_arguments(parser.add_argument_group("compiler"))
    _add_dump_arguments(parser.add_argument_group("IRs"))


def _add_compiler_arguments(group: Any) -> None:
    add = group.add_argument
    add("--passes", metavar="TEXT", help="the graph passes to run, between commas")
    add("--optimization-level", type=int, default=3, metavar="N", help="0 to 3 (default: 3)")
    add(
        "--layout",
        choices=("tiled", "compact"),
        default="tiled",
        help="tiled repacks weights at load, for speed; compact loads faster and smaller",
    )
    add(
        "--weights-external",
        action="store_true",
        help="keep the weights beside the artifact, in NAME.weights.safetensors",
    )
    add("--iree-flag", action="append", default=[], metavar="FLAG", help="a flag for IREE")
    add("--no-cache", action="store_true", help="compile even if the result is in the cache")


def _add_dump_arguments(group: Any) -> None:
    add = group.add_argument
    add(
        "--dump",
        action="append",
        default=[],
        metavar="STAGE",
        help="print an IR: graph, stablehlo, iree-input, a phase of IREE (flow, hal, vm, ...), "
        "ptx, asm or llvm; all for each in turn. Nothing else is made unless -o is given",
    )
    add("--dump-to", metavar="DIR", help="write a numbered file for each IR instead (default: all)")
    add("--print-after-all", action="store_true", help="dump the graph after every pass too")
    add("--dump-weights", action="store_true", help="print the elements of large constants too")


def run(options: argparse.Namespace) -> int:
    """Compile, dump, or both."""
    from farrier_compiler.driver import compiler_process

    path, name = model.split(options.model)
    if options.output is not None:
        check_folder(Path(options.output))
    dumping = dumps.check(options)
    calibration.check(options)
    targets = _targets(options.target)
    settings = _settings(options)
    compiler_process.start()  # it imports IREE while the model is read
    source = read.read(path, name, options)
    if dumping:
        dumps.write(source, targets, settings, options)
    if options.output is not None or not dumping:
        output = Path(options.output or f"{source.name}.vmfb")
        check_folder(output)
        start = time.perf_counter()
        compiled = source.compile(targets, settings)
        mixed = dumping and options.dump_to is None
        _write(compiled, output, time.perf_counter() - start, sys.stderr if mixed else sys.stdout)
    return 0


def _targets(texts: Sequence[str]) -> list[Target]:
    from farrier_compiler.driver.targets import Target, check_kinds

    targets = [Target.parse(text) for text in texts] or [Target.default()]
    check_kinds(targets)
    return targets


def _settings(options: argparse.Namespace) -> Options:
    from farrier_compiler.driver import Options

    return Options(
        passes=options.passes,
        layout=options.layout,
        weights="external" if options.weights_external else "embedded",
        flags=tuple(options.iree_flag),
        optimization_level=options.optimization_level,
        cache=not options.no_cache,
    )


def _write(compiled: Compiled, output: Path, seconds: float, channel: TextIO) -> None:
    """Write the artifact, and print its size, its targets and the time it took."""
    path = compiled.save(output)
    size = size_text(path.stat().st_size)
    targets = ", ".join(compiled.manifest.targets)
    print(f"{path}: {size} for {targets}, compiled in {time_text(seconds)}", file=channel)
