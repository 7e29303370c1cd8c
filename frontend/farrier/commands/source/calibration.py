"""Quantisation by `farrier compile --quantize`, with samples from an .npz file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from farrier.commands.command_line import UsageError
from farrier.commands.inputs import samples
from farrier.commands.inputs.types import InputType
from farrier.commands.source import model
from farrier.modules.module import Module
from farrier_compiler.graph.syntax import did_you_mean
from farrier_runtime.errors import ArgumentError


def add_arguments(group: Any) -> None:
    """Declare the arguments."""
    add = group.add_argument
    add(
        "--quantize",
        metavar="SCHEME",
        help="int8, float8 or, for weights only, int8-weight-only, int4-weight-only; prints a "
        "table of the layers",
    )
    add(
        "--calibration",
        metavar="FILE.npz",
        help="samples of the inputs, an array for each, by name; their first dimension counts "
        "samples, which are taken in batches of the usual size",
    )
    add("--observer", metavar="NAME", help="minmax, percentile or mse (default: minmax)")


def check(options: argparse.Namespace) -> None:
    """Refuse options that cannot be combined.

    Raises:
        UsageError: naming them.
    """
    from farrier.calibration.schemes import OBSERVERS, SCHEMES

    if options.quantize is None:
        for name in ("calibration", "observer"):
            if getattr(options, name) is not None:
                raise UsageError(f"--{name} is for --quantize SCHEME.")
        return
    _check_name("--quantize", options.quantize, "scheme", SCHEMES)
    if options.observer is not None:
        _check_name("--observer", options.observer, "observer", OBSERVERS)
    if options.calibration is None and SCHEMES[options.quantize].inputs:
        raise UsageError(
            f"--quantize {options.quantize} quantizes inputs too, so it needs --calibration "
            "FILE.npz. int8-weight-only and int4-weight-only can do without."
        )


def _check_name(option: str, name: str, noun: str, names: Iterable[str]) -> None:
    if name not in names:
        hint = did_you_mean(name, names)
        end = hint if hint.endswith("?") else f"{hint}."
        raise UsageError(f"{option} {name}: there is no such {noun}{end}")


def quantized(
    function: Callable[..., Any],
    label: str,
    types: Sequence[InputType],
    options: argparse.Namespace,
) -> Callable[..., Any]:
    """Return the quantised model, and print the report.

    Args:
        function: a Module; or a function, which is refused.
        label: its name in messages.
        types: the types of its inputs.
        options: the command's options.

    Raises:
        ArgumentError: the model cannot be quantised, or the samples do not fit.
    """
    from farrier.calibration import quantization_report, quantize_module

    if not isinstance(function, Module):
        raise ArgumentError(f"{label} is a function, which has no layers to quantize.")
    batches = None
    if options.calibration is not None:
        batches = samples.read(Path(options.calibration), function, types)
    with model.user_code(Path(label.rpartition(":")[0])):
        copied = quantize_module(
            function, batches, options.quantize, observer=options.observer or "minmax"
        )
    dumping = (options.dump or options.print_after_all) and options.dump_to is None
    print(quantization_report(copied), file=sys.stderr if dumping else sys.stdout)
    return copied
