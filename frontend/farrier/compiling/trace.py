"""Tracing of functions to op graphs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from farrier.compiling.unread_keys import remaining, without_unread
from farrier.input_info import DimensionInputInfo, InputInfo
from farrier.modules.containers import check_depth
from farrier.modules.module import Module
from farrier.tensor import Tensor
from farrier.tensor.dimension_size import DimensionSize
from farrier.tensor.interop import as_array
from farrier.tensor.tracing import tracing
from farrier_compiler.diagnostics import explain, here
from farrier_compiler.graph import Graph, TensorType, Value
from farrier_compiler.ops.size_requirements import with_requirements
from farrier_compiler.sizes.requirements import requirements
from farrier_runtime.dimension import Dimension
from farrier_runtime.dtypes import BY_NUMPY, int32
from farrier_runtime.errors import ArgumentError, FarrierError
from farrier_runtime.wording import shown, signature_text

if TYPE_CHECKING:
    from farrier_runtime.artifact import ResultTree


@dataclass(frozen=True)
class Traced:
    """A traced function.

    Attributes:
        graph: the ops that it computes.
        result: how its outputs are nested.
        signature: its run-time parameters, in order.
        inputs: the nest of InputInfos that each of these parameters was traced with, without
            those under keys that the function did not read.
    """

    graph: Graph
    result: ResultTree
    signature: inspect.Signature
    inputs: dict[str, Any]


def trace(
    func: Callable[..., Any],
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> Traced:
    """Call a function with tensors in place of InputInfos and return the graph it builds.

    Args:
        func: a Module, a function or a bound method.
        args: positional arguments, with InputInfos or example arrays for run-time inputs.
        kwargs: keyword arguments, likewise.
        name: the graph's name; by default the function's or the Module's class's.

    Raises:
        ArgumentError: the arguments do not fit the function, a parameter is unset, or the
            function returns something that is not a tensor.
    """
    bound = _bind(func, args, {} if kwargs is None else kwargs)
    check_depth("An argument of a compiled function", [args, kwargs])
    inputs: list[Value] = []
    parameters: dict[str, inspect.Parameter] = {}
    infos: dict[str, Any] = {}
    slots = list(_slots(bound))
    for _, slot in slots:
        slot.set(_described(slot.get()))
    taken = {name for _, slot in slots for name in _named(slot.get())}
    for path, slot in slots:
        count = len(inputs)
        argument = slot.get()
        slot.set(_replace(argument, path, inputs, taken))
        if len(inputs) > count:
            infos[path] = argument
            kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
            parameters[path] = inspect.Parameter(path, kind, annotation=Tensor)
    _check_dimensions(inputs)
    names = _constant_names(func)
    outputs: list[Tensor] = []
    with requirements() as required:
        returned = _traced_call(func, bound)
        check_depth("A result of a compiled function", returned)
        result = _flatten(returned, outputs)
    values = [output.value for output in outputs]
    try:
        graph = Graph.reaching(_graph_name(func, name), inputs, values, names)
        graph = with_requirements(graph, required)
    except FarrierError as error:
        raise explain(error) from None
    graph = without_unread(graph)
    remaining_names = {str(value.name) for value in graph.inputs}
    infos = {path: remaining(nest, path, remaining_names) for path, nest in infos.items()}
    signature = inspect.Signature(list(parameters.values()))
    return Traced(graph, result, signature, infos)


def _traced_call(func: Callable[..., Any], bound: inspect.BoundArguments) -> Any:
    token = tracing.set(True)
    try:
        return func(*bound.args, **bound.kwargs)
    finally:
        tracing.reset(token)


def _check_dimensions(inputs: Sequence[Value]) -> None:
    """Refuse two dimensions with the same name but different bounds."""
    seen: dict[str, Dimension] = {}
    for dimension in Graph("", tuple(inputs), ()).dimensions():
        other = seen.setdefault(dimension.name, dimension)
        if other != dimension:
            first, second = ((d.min, d.opt, d.max) for d in (other, dimension))
            raise explain(
                ArgumentError(
                    f"Dimension '{dimension.name}' has the bounds {first} and also {second}. "
                    "One name means one size: give it the same bounds, or another name."
                )
            )


def _bind(
    func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> inspect.BoundArguments:
    if not callable(func):
        raise explain(ArgumentError(f"compile takes a Module or a function, not {shown(func)}."))
    if not isinstance(args, Sequence):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise explain(
            ArgumentError(f"compile's args= takes a list of arguments, not {shown(args)}.")
        )
    if not isinstance(kwargs, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        problem = f"compile's kwargs= takes a dict of arguments, not {shown(kwargs)}."
        raise explain(ArgumentError(problem))
    try:
        signature = inspect.signature(func)
    except ValueError:
        problem = f"compile cannot see the parameters of {shown(func)}: wrap it in a function."
        raise explain(ArgumentError(problem)) from None
    try:
        return signature.bind(*args, **kwargs)
    except TypeError as error:
        raise explain(
            ArgumentError(
                f"The arguments do not fit {_graph_name(func, None)}{signature_text(func)}: "
                f"{error}. Pass an InputInfo or a constant for each parameter in args= and kwargs=."
            )
        ) from None


@dataclass
class _Slot:
    """The location of one argument in the containers of bound arguments."""

    container: Any
    key: Any

    def get(self) -> Any:
        return self.container[self.key]

    def set(self, value: Any) -> None:
        self.container[self.key] = value


def _slots(bound: inspect.BoundArguments) -> Iterator[tuple[str, _Slot]]:
    """Yield the name and slot of every argument; variadic ones are `args0`, `args1`, ..."""
    for name, parameter in bound.signature.parameters.items():
        if name not in bound.arguments:
            continue
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            items = bound.arguments[name] = list(bound.arguments[name])
            yield from ((f"{name}{i}", _Slot(items, i)) for i in range(len(items)))
        elif parameter.kind is inspect.Parameter.VAR_KEYWORD:
            keywords = bound.arguments[name] = dict(bound.arguments[name])
            yield from ((key, _Slot(keywords, key)) for key in keywords)
        else:
            yield name, _Slot(bound.arguments, name)


def _named(argument: Any) -> Iterator[str]:
    """Yield the names of the named dimensions in an argument."""
    if isinstance(argument, InputInfo):
        yield from argument.dimension_names.values()
    elif isinstance(argument, list | tuple):
        for item in cast("Sequence[Any]", argument):
            yield from _named(item)
    elif isinstance(argument, dict):
        yield from _named(list(cast("dict[Any, Any]", argument).values()))


def _described(argument: Any) -> Any:
    """Return the argument with an InputInfo in place of every example array."""
    if isinstance(argument, np.ndarray) or _is_foreign(argument):
        try:
            array = as_array(argument)
        except FarrierError as error:
            raise explain(error) from None
        return InputInfo(array.shape, BY_NUMPY[array.dtype])
    if isinstance(argument, list | tuple):
        items = cast("Sequence[Any]", argument)
        return _rebuilt(items, list(map(_described, items)))
    if isinstance(argument, dict):
        named = cast("dict[Any, Any]", argument)
        return {key: _described(item) for key, item in named.items()}
    return argument


def _is_foreign(argument: Any) -> bool:
    """Return whether this is another library's array; tensors are constants."""
    return hasattr(argument, "__dlpack__") and not isinstance(argument, Tensor)


def _replace(argument: Any, path: str, inputs: list[Value], taken: set[str]) -> Any:
    """Return the argument with every InputInfo in it replaced by a new input."""
    if isinstance(argument, InputInfo):
        type = TensorType(argument.sizes(path, taken), argument.dtype)
        inputs.append(Value(type, None, None, path, here()))
        return Tensor.of(inputs[-1])
    if isinstance(argument, DimensionInputInfo):
        dimension = argument.dimension(path, taken)
        value = Value(TensorType((), int32), None, None, path, here(), dimension)
        inputs.append(value)
        return DimensionSize.of_input(value, dimension)
    if isinstance(argument, list | tuple):
        items = cast("Sequence[Any]", argument)
        return _rebuilt(
            items, [_replace(item, f"{path}[{i}]", inputs, taken) for i, item in enumerate(items)]
        )
    if isinstance(argument, dict):
        named = cast("dict[Any, Any]", argument)
        return {key: _replace(item, f"{path}.{key}", inputs, taken) for key, item in named.items()}
    return argument


def _rebuilt(original: Any, items: list[Any]) -> Any:
    if hasattr(original, "_fields"):  # a named tuple takes its items one by one
        return type(original)(*items)
    return type(original)(items)


def _flatten(result: Any, outputs: list[Tensor]) -> ResultTree:
    """Collect the tensors of a nested result, and return its structure with their indices."""
    if type(result) is int:  # a static size in a `shape`
        result = DimensionSize(result)
    if isinstance(result, Tensor):
        outputs.append(result)
        return len(outputs) - 1
    if isinstance(result, list | tuple):
        container = "tuple" if isinstance(result, tuple) else "list"
        parts = cast("Sequence[Any]", result)
        return {container: [_flatten(part, outputs) for part in parts]}
    if isinstance(result, dict):
        named = cast("dict[Any, Any]", result)
        return {"dict": {_key(key): _flatten(part, outputs) for key, part in named.items()}}
    raise explain(
        ArgumentError(
            "A compiled function returns tensors, or lists, tuples and dicts of them, but this "
            f"one returned a {type(result).__name__}: {shown(result)}"
        )
    )


def _key(key: Any) -> str:
    try:
        str(key).encode()
    except UnicodeEncodeError:
        problem = f"A key of a compiled function's result is not valid text: {shown(key)}"
        raise explain(ArgumentError(problem)) from None
    return str(key)


def _graph_name(func: Any, name: str | None) -> str:
    if not isinstance(name, str | None):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise explain(ArgumentError(f"compile's name= is a string, not {shown(name)}."))
    label = name or getattr(func, "__name__", None) or type(func).__name__
    return re.sub(r"\W+", "_", label).strip("_") or "main"


def _constant_names(func: Any) -> dict[Value, str]:
    """Return the state_dict names of the parameters that a function can reach.

    A parameter that is an unevaluated tensor, such as `fr.ones(3)`, is evaluated, so that it
    becomes a constant of the program under its name.
    """
    names: dict[Value, str] = {}
    for prefix, owner in _owners(func):
        state = owner.state_dict() if isinstance(owner, Module) else {"": owner}
        for key, tensor in state.items():
            if tensor.value.producer is not None:
                tensor.eval()
            names.setdefault(tensor.value, ".".join(part for part in (prefix, key) if part))
    return names


def _owners(func: Any) -> Iterator[tuple[str, Module | Tensor]]:
    if isinstance(func, Module):
        yield "", func
        return
    if isinstance(getattr(func, "__self__", None), Module):
        yield "", func.__self__
    function = inspect.unwrap(getattr(func, "__func__", func))
    if inspect.isfunction(function):
        variables = inspect.getclosurevars(function)
        for name, variable in [*variables.nonlocals.items(), *variables.globals.items()]:
            if isinstance(variable, Module | Tensor):
                yield name, variable
