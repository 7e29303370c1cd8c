"""Executable: a compiled function from tensors to tensors."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import farrier_runtime
from farrier.compiling.nested_arguments import are_nested, matching, named, root
from farrier.compiling.stream import Stream, default_stream
from farrier.input_info import DimensionInputInfo, InputInfo, NamedDimension
from farrier.tensor import Tensor
from farrier_compiler.diagnostics import explain
from farrier_runtime.errors import ArgumentError, FarrierError, InputError
from farrier_runtime.wording import shown

if TYPE_CHECKING:
    from farrier_compiler.driver import Compiled
    from farrier_runtime.artifact import Manifest, ResultTree, TensorSpec
    from farrier_runtime.parameters import Weights


class Executable:
    """A compiled function, made by `farrier.compile` or `Executable.load`.

    Call it with tensors or arrays, by position or by name. It returns tensors, nested as the
    function returned them. Calls from several threads are safe.

    Example:
        >>> x = fr.InputInfo((2,), fr.float32)
        >>> double = fr.compile(lambda x: x * 2, args=[x], target="cpu")
        >>> double(fr.Tensor([1.0, 2.5]))
        tensor([2, 5], dtype=float32, loc=cpu:0, shape=(2,))
    """

    def __init__(
        self,
        compiled: Compiled | farrier_runtime.Executable,
        signature: inspect.Signature | None = None,
        nests: Mapping[str, Any] | None = None,
    ) -> None:
        if not hasattr(compiled, "manifest"):
            problem = f"An Executable is made by fr.compile or load, not from {shown(compiled)}."
            raise explain(ArgumentError(problem))
        self._compiled = compiled
        self._loaded: farrier_runtime.Executable | None = None
        self._nests = nests
        self.stream = default_stream()
        names = [] if signature else [spec.name for spec in self.inputs]
        self._inside = [name for name in names if root(name) != name]
        parameters = signature or _roots(names) or self._runtime().__signature__
        self.__signature__ = _annotated(parameters, self.manifest.functions[0].result)

    @staticmethod
    def load(
        path: str | PathLike[str],
        device: str | None = None,
        weights: Weights | None = None,
        exchange_weights: bool = False,
    ) -> Executable:
        """Load a vmfb that `save` wrote.

        Args:
            path: the file.
            device: where to run it, for example "cpu" or "cuda:0".
            weights: the file of external weights, or arrays by name; by default the file beside
                the artifact.
            exchange_weights: whether external weights may differ from those that the artifact
                was compiled with.

        Raises:
            ArtifactError: the file is not an artifact, is damaged, or was made by another version.
            DeviceError: the machine lacks the device that it was compiled for.
            ArgumentError: `weights` do not fit the program.

        Example:
            >>> x = fr.InputInfo((2,), fr.float32)
            >>> double = fr.compile(lambda x: x * 2, args=[x], target="cpu", name="double")
            >>> fr.Executable.load(double.save("double.vmfb"))
            Executable(double(x: float32[2]) -> float32[2])
        """
        try:
            return Executable(
                farrier_runtime.load(
                    path, device=device, weights=weights, exchange_weights=exchange_weights
                )
            )
        except FarrierError as error:
            raise explain(error) from None

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle or a copy keeps; it loads the artifact when it is called."""
        return {**vars(self), "_loaded": None}

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the artifact: one .vmfb file, which `farrier_runtime.load` runs.

        Weights that `compile` kept external are written to a .safetensors file beside it.

        Args:
            path: the file to write; an existing one is replaced, and a missing
                folder is made.

        Returns:
            The path.

        Raises:
            ArgumentError: `path` is not a path.
            OSError: the file cannot be written; no partial file is left.
        """
        try:
            return self._compiled.save(path)
        except FarrierError as error:
            raise explain(error) from None

    @property
    def manifest(self) -> Manifest:
        """The artifact's description of itself: versions, targets, functions, graph text."""
        return self._compiled.manifest

    @property
    def inputs(self) -> Sequence[TensorSpec]:
        """Name, data type and shape of each input."""
        return self.manifest.functions[0].inputs

    @property
    def outputs(self) -> Sequence[TensorSpec]:
        """Name, data type and shape of each output."""
        return self.manifest.functions[0].outputs

    @property
    def input_infos(self) -> dict[str, InputInfo | DimensionInputInfo]:
        """The InputInfo of each input, as for `compile`, by name."""
        return {spec.name: _input_info(spec) for spec in self.inputs}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function.

        Raises:
            InputError: the arguments do not match the inputs; the text names them.
            DeviceError: the machine lacks the device that the function was compiled for.
        """
        try:
            if self._nests is not None:
                args, kwargs = tuple(self._leaves(args, kwargs)), {}
            elif self._inside:
                args, kwargs = self._named_leaves(args, kwargs)
            result = self._run(args, kwargs)
        except FarrierError as error:
            raise explain(error) from None
        return _as_tensors(result)

    @property
    def stream(self) -> Stream:
        """The stream that orders calls; on the default stream they may overlap."""
        return self._stream

    @stream.setter
    def stream(self, stream: Stream) -> None:
        if not isinstance(stream, Stream):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise explain(ArgumentError(f"An executable runs on a fr.Stream, not {shown(stream)}."))
        self._stream = stream

    def _run(self, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        def call() -> Any:
            return self._runtime()(*map(_as_array, args), **_values(kwargs))

        return call() if self._stream is default_stream() else self._stream.run(call)

    def _runtime(self) -> farrier_runtime.Executable:
        if self._loaded is None:
            compiled = self._compiled
            is_loaded = isinstance(compiled, farrier_runtime.Executable)
            self._loaded = compiled if is_loaded else compiled.load()
        return self._loaded

    def _leaves(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[Any]:
        """Yield the tensors in the arguments, in the order of the flat inputs."""
        try:
            bound = self.__signature__.bind(*args, **kwargs)
        except TypeError as error:
            name = self.manifest.functions[0].name
            names = ", ".join(self.__signature__.parameters)
            raise InputError(f"{name}({names}) was called wrongly: {error}.") from None
        for name, nest in (self._nests or {}).items():
            yield from matching(nest, bound.arguments[name], name)

    def _named_leaves(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return a loaded function's arguments flat; they may be nested as for the original."""
        try:
            arguments = self.__signature__.bind(*args, **kwargs).arguments
        except TypeError:
            return args, kwargs
        if not are_nested(self._inside, arguments):
            return args, kwargs
        return tuple(named(spec.name, arguments) for spec in self.inputs), {}

    def __repr__(self) -> str:
        return f"Executable({self.manifest.functions[0]})"


def _roots(names: Iterable[str]) -> inspect.Signature | None:
    """Return the signature that contains the inputs, or None if a name cannot be a parameter's."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    try:
        parameters = [inspect.Parameter(name, kind) for name in dict.fromkeys(map(root, names))]
    except ValueError:
        return None
    return inspect.Signature(parameters)


def _annotated(signature: inspect.Signature, result: ResultTree) -> inspect.Signature:
    """Return a signature with the types of parameters and results, as nvtripy's have."""
    parameters = [each.replace(annotation=Tensor) for each in signature.parameters.values()]
    return signature.replace(parameters=parameters, return_annotation=_annotation(result))


def _annotation(result: ResultTree) -> Any:
    if isinstance(result, int):
        return Tensor
    if "tuple" in result:
        return tuple[tuple(map(_annotation, result["tuple"]))]
    return list if "list" in result else dict


def _input_info(spec: TensorSpec) -> InputInfo | DimensionInputInfo:
    if (value := spec.value) is not None:
        return DimensionInputInfo((value.min, value.opt, value.max))
    shape = [
        size if isinstance(size, int) else NamedDimension(size.name, size.min, size.opt, size.max)
        for size in spec.shape
    ]
    return InputInfo(shape, spec.dtype)


def _as_array(argument: Any) -> Any:
    return argument.numpy() if isinstance(argument, Tensor) else argument


def _values(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {name: _as_array(argument) for name, argument in kwargs.items()}


def _as_tensors(result: Any) -> Any:
    if isinstance(result, list | tuple):
        parts = map(_as_tensors, cast("Sequence[Any]", result))
        return list(parts) if isinstance(result, list) else tuple(parts)
    if isinstance(result, dict):
        named = cast("dict[str, Any]", result)
        return {key: _as_tensors(part) for key, part in named.items()}
    return Tensor(result)
