"""Run a function of an artifact and print its outputs.

An input is [NAME=]VALUE: FILE.npy or @FILE, random, zeros, ones, or numbers separated by commas
(one number fills the whole input). Inputs without a name are taken in order. A dynamic dimension
has the size that --size, a file or numbers give it, or else its usual size.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from farrier.commands.command_line import UsageError
from farrier.commands.files import check_file, check_folder
from farrier.commands.inputs import arrays
from farrier.commands.text import time_text
from farrier_runtime.dtypes import BY_NUMPY
from farrier_runtime.errors import ArgumentError

if TYPE_CHECKING:
    from farrier.commands.inputs.arrays import Array
    from farrier_runtime.executable import Executable
    from farrier_runtime.manifest import Function

WARM_UP = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add = parser.add_argument
    add("file", metavar="FILE", help="a .vmfb that Farrier made")
    add("--input", action="append", default=[], metavar="[NAME=]VALUE", help="an input")
    add(
        "--size",
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="the size of a dynamic dimension, such as batch=3; 'farrier inspect' lists them with "
        "their ranges",
    )
    add("--function", metavar="NAME", help="the function to call (default: the first)")
    add("--device", metavar="DEVICE", help="where to run it: cpu, cuda:0, ...")
    add("--threads", type=int, metavar="N", help="CPU threads (default: one for each core)")
    add("--weights", metavar="FILE", help="the weights, if they are not in the artifact")
    add(
        "--exchange-weights",
        action="store_true",
        help="use weights other than those that the artifact was compiled with",
    )
    add("--seed", type=int, default=0, metavar="N", help="the seed of random inputs (default: 0)")
    add("--output", metavar="FILE", help="write a .npy, or an .npz of several outputs")
    add(
        "--benchmark",
        type=int,
        nargs="?",
        const=100,
        metavar="CALLS",
        help="print the times of many calls (default: 100) instead of the outputs",
    )


def run(options: argparse.Namespace) -> int:
    """Load the artifact, call the function, print or save the outputs."""
    import farrier_runtime

    if options.seed < 0:
        raise UsageError(f"--seed {options.seed}: give a whole number that is not negative.")
    check_file(Path(options.file))
    executable = farrier_runtime.load(
        options.file,
        options.device,
        options.threads,
        options.function,
        options.weights,
        options.exchange_weights,
    )
    function = next(f for f in executable.manifest.functions if f.name == executable.name)
    _check_output(options.output, [spec.name for spec in function.outputs])
    arguments = arrays.arrays(function, options.input, options.seed, options.size)
    ordered = [arguments[spec.name] for spec in function.inputs]
    if options.benchmark is not None:
        _benchmark(executable, function, ordered, options.benchmark)
        return 0
    outputs = dict(_outputs(function, executable(*ordered)))
    if options.output:
        _save(Path(options.output), outputs)
    else:
        _print(outputs)
    return 0


def _outputs(function: Function, result: Any) -> Iterator[tuple[str, Array]]:
    """Yield the names and elements of the outputs in a call's nested result."""
    import numpy as np

    def leaves(tree: Any, part: Any) -> Iterator[tuple[str, Array]]:
        if isinstance(tree, int):
            yield function.outputs[tree].name, np.asarray(part)
            return
        ((container, items),) = tree.items()
        for key, inner in items.items() if container == "dict" else enumerate(items):
            yield from leaves(inner, part[key])

    return leaves(function.result, result)


def _print(outputs: Mapping[str, Array]) -> None:
    from farrier.tensor.formatting import format_elements

    for name, array in outputs.items():
        dtype = BY_NUMPY[array.dtype]
        print(f"{name}: {dtype} {array.shape}\n{format_elements(array)}")


def _check_output(file: str | None, names: Sequence[str]) -> None:
    """Refuse a file that cannot be written before anything runs."""
    if file is None:
        return
    suffix, wanted = Path(file).suffix, ".npy" if len(names) == 1 else ".npz"
    if suffix not in (wanted, ".npz"):
        raise ArgumentError(
            f"--output {file}: {len(names)} output{'s' * (len(names) > 1)} "
            f"({', '.join(names)}) can be written to a {wanted} file."
        )
    check_folder(Path(file))


def _save(path: Path, outputs: Mapping[str, Array]) -> None:
    """Write the outputs, as float32 if numpy itself lacks their data type."""
    import io

    import numpy as np

    from farrier_runtime import files

    writable = {
        name: array if array.dtype.isbuiltin == 1 else array.astype(np.float32)
        for name, array in outputs.items()
    }
    buffer = io.BytesIO()
    if path.suffix == ".npz":
        np.savez(buffer, **writable)  # pyright: ignore[reportArgumentType]
    else:
        np.save(buffer, next(iter(writable.values())))
    files.write(path, [buffer.getvalue()])
    print(f"{path}: {', '.join(f'{name} {a.shape}' for name, a in outputs.items())}")


def _benchmark(
    executable: Executable, function: Function, arguments: Sequence[Array], calls: int
) -> None:
    """Print quantiles of the times of calls, after some that are not counted."""
    import numpy as np

    seconds: list[float] = []
    for _ in range(WARM_UP + max(calls, 1)):
        start = time.perf_counter()
        for _, array in _outputs(function, executable(*arguments)):
            assert array is not None  # a GPU's array has been copied to the host by now
        seconds.append(time.perf_counter() - start)
    low, middle, high = np.quantile(seconds[WARM_UP:], [0.0, 0.5, 0.9])
    print(
        f"{function.name} on {executable.device}: median {time_text(middle)}, "
        f"fastest {time_text(low)}, 90 % below {time_text(high)}, {1 / middle:.4g} calls/s "
        f"({len(seconds) - WARM_UP} calls)"
    )
