"""Compilation of a Module or function to an Executable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from farrier.compiling.executable import Executable
from farrier.compiling.trace import trace
from farrier.ops.arguments import items
from farrier_compiler.diagnostics import explain
from farrier_runtime import imports
from farrier_runtime.errors import ArgumentError, FarrierError
from farrier_runtime.wording import shown


def compile(
    func: Callable[..., Any],
    optimization_level: int = 3,
    *,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    target: str | Sequence[str] | None = None,
    name: str | None = None,
    passes: str | None = None,
    layout: Literal["tiled", "compact"] = "tiled",
    weights: Literal["embedded", "external"] = "embedded",
    flags: Sequence[str] = (),
    cache: bool = True,
) -> Executable:
    """Compile a Module or function ahead of time.

    The function is traced: it is called once with tensors in place of the InputInfos. The graph
    of its ops is lowered to StableHLO, which IREE compiles.

    Args:
        func: a Module, a function or a bound method; returns a tensor, or tensors in lists,
            tuples and dicts.
        optimization_level: from 0 (compiles fastest) to 3 (runs fastest); higher numbers mean 3.
        args: positional arguments: an InputInfo for each run-time input, possibly nested in
            lists, tuples and dicts. An array of numpy, torch or jax is an example of an input of
            its shape and data type; everything else, also a Tensor, is a constant of the program.
        kwargs: keyword arguments, likewise.
        target: one or more targets: "cpu" (this machine), "cpu:x86-64-v3", "cuda:sm_80", ... By
            default the CUDA device if this machine has one, else its CPU.
        name: the function's name in the artifact; by default its Python name.
        passes: the graph passes to run, for example "fold_batch_norm,channels_last"; by default
            the pipeline of the target.
        layout: "tiled" repacks weights at load for speed; "compact" loads faster and smaller.
        weights: "embedded" in the vmfb, or "external" in NAME.weights.safetensors beside it, which
            can be replaced without compiling again.
        flags: additional flags for IREE.
        cache: whether a cached result for the same program may be used.

    Returns:
        An Executable, which can be called with tensors and saved.

    Raises:
        ArgumentError: the arguments do not fit the function, a parameter is unset, or the target
            does not exist.
        CompileError: IREE rejected the program; the text names the layer and the line.

    Example:
        >>> linear = fr.Linear(3, 4)
        >>> linear.initialize_dummy_parameters()
        >>> fast = fr.compile(linear, args=[fr.InputInfo((2, 3), fr.float32)], target="cpu")
        >>> fast(fr.ones((2, 3))).shape
        (2, 4)
    """
    imports.module("farrier_compiler.driver.compiler_process").start()
    imports.module("farrier_compiler.driver.compile")
    from farrier_compiler.driver import Options, compile_graphs
    from farrier_compiler.driver.targets import Target

    traced = trace(func, args, kwargs, name)
    wanted = None if target is None else items((target,) if isinstance(target, str) else target)
    given = None if isinstance(flags, str) else items(flags)
    try:
        if target is not None and not wanted:
            raise ArgumentError(f"compile's target= takes names of targets, not {shown(target)}.")
        if given is None:
            raise ArgumentError(f"compile's flags= takes a list of strings, not {shown(flags)}.")
        targets = [Target.parse(text) for text in wanted] if wanted else [Target.default()]
        options = Options(
            passes=passes,
            layout=layout,
            weights=weights,
            flags=given,
            cache=cache,
            optimization_level=optimization_level,
        )
        compiled = compile_graphs([traced.graph], targets, options, results=[traced.result])
    except FarrierError as error:
        raise explain(error) from error.__cause__
    return Executable(compiled, traced.signature, traced.inputs)
