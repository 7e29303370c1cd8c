"""Compilation of ready-made MLIR modules in the compiler process."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from farrier_compiler.driver.compile import new_file, replies
from farrier_compiler.driver.compiled import Compiled, sealed
from farrier_compiler.driver.cpu_models import full_name
from farrier_compiler.driver.describe import cpu_requirements, iree_version
from farrier_compiler.driver.messages import Message, anonymous_file
from farrier_compiler.driver.options import DEFAULT, Options
from farrier_compiler.driver.targets import Target, check_kinds
from farrier_runtime.artifact import Function, Manifest


def compile_module(
    name: str,
    source: bytes,
    functions: Sequence[Function],
    targets: Sequence[Target],
    options: Options = DEFAULT,
) -> Compiled:
    """Compile an MLIR module to an artifact.

    Args:
        name: what diagnostics call it.
        source: MLIR text or bytecode.
        functions: the functions that the module exports, at least one.
        targets: what to compile for; the first is the default.
        options: how to compile; graph passes and the cache are not used.

    Raises:
        ArgumentError: targets or flags are not valid.
        CompilationFailed: IREE refused the module.
        CompileError: the compiler died or took too long; the text says how.

    Example:
        >>> text = b"func.func @same(%x: tensor<f32>) -> tensor<f32> {return %x : tensor<f32>}"
        >>> same = Function("same", (), (), {"tuple": []})  # but for its signature
        >>> compiled = compile_module("same.mlir", text, [same], [Target.parse("cpu")])
        >>> b"same" in bytes(compiled.vmfb)
        True
    """
    check_kinds(targets)
    file = new_file()
    message: Message = {"task": "compile"}
    list(_replies(message, name, source, targets, options, [file.fileno()]))
    manifest = Manifest(
        iree=iree_version(),
        targets=tuple(map(full_name, targets)),
        functions=tuple(functions),
        cpu=cpu_requirements(targets),
    )
    return sealed(file, manifest)


def module_phases(
    name: str,
    source: bytes,
    targets: Sequence[Target],
    options: Options,
    to: str,
    weights: bool = False,
) -> Iterator[tuple[str, str]]:
    """Run IREE's pipeline on an MLIR module, and yield the name and IR of each phase.

    Args:
        name: what diagnostics call it.
        source: MLIR text or bytecode.
        targets: what to compile for.
        options: how to compile.
        to: the last phase to run.
        weights: print the elements of large constants too.

    Raises:
        ArgumentError: targets or flags are not valid.
        CompilationFailed: IREE refused the module; the earlier phases have been yielded.
    """
    check_kinds(targets)
    message: Message = {"task": "phases", "to": to, "weights": weights}
    for reply in _replies(message, name, source, targets, options, []):
        yield reply["name"], reply["text"]


def _replies(
    message: Message,
    name: str,
    source: bytes,
    targets: Sequence[Target],
    options: Options,
    more: Sequence[int],
) -> Iterator[Message]:
    number = anonymous_file()
    try:
        with os.fdopen(os.dup(number), "wb") as file:
            file.write(source)
        yield from replies(message | {"module": name}, targets, options, [number, *more])
    finally:
        os.close(number)
