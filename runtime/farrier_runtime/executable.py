"""Loading of artifacts and calls of their functions."""

from __future__ import annotations

import inspect
import keyword
import mmap
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from farrier_runtime import (
    abi,
    artifact,
    container,
    cpu_features,
    files,
    parameters,
    programs,
    session,
)
from farrier_runtime.arrays import DeviceArray, convert
from farrier_runtime.calls import DeviceBuffer, DeviceCall, HostCall
from farrier_runtime.claims import Slots
from farrier_runtime.devices import DRIVERS, check_available, count, device as Device, why_absent
from farrier_runtime.dtypes import Array
from farrier_runtime.errors import ArgumentError, ArtifactError, DeviceError, InputError
from farrier_runtime.hints import did_you_mean
from farrier_runtime.manifest import Function, Manifest, ResultTree
from farrier_runtime.size_checks import SizeChecks
from farrier_runtime.wording import shown


class Executable:
    """A function of an artifact, loaded on a device: call it with arrays.

    Calls from several threads are safe. With `threads=1`, each runs on its caller's core, and as
    many run at once as there are cores; concurrent calls need a copy each of the program's state,
    including weights that are packed at load. With more threads, and on GPUs, calls take turns,
    because one uses the whole device.

    Results share no memory with arguments; two results that are the same value may share theirs.

    Attributes:
        name: the function's name.
        inputs: the name, data type and shape of each argument.
        outputs: the name, data type and shape of each tensor in a call's result.
        manifest: the artifact's description of itself.
        device: the device that runs it.

    Example:
        >>> x = fr.InputInfo((2,), fr.float32)
        >>> compiled = fr.compile(lambda x, y: x + y, args=[x, x], target="cpu", name="add")
        >>> add = load(compiled.save("add.vmfb"))
        >>> add
        <Executable add(x: float32[2], y: float32[2]) -> float32[2] on cpu:0>
        >>> add([1.0, 2.0], y=np.ones(2, np.float32))
        array([2., 3.], dtype=float32)
    """

    def __init__(
        self,
        source: bytes | mmap.mmap,
        manifest: Manifest,
        program: programs.LoadedModule,
        device: Device,
        function: Function,
    ) -> None:
        """Bind a function of a loaded program; `load` does this.

        Args:
            source: the artifact.
            manifest: its manifest.
            program: the loaded module.
            device: where it runs.
            function: one of the manifest's functions.
        """
        self.manifest, self.device, self.name = manifest, device, function.name
        self.inputs, self.outputs = function.inputs, function.outputs
        self._source, self._program, self._function = source, program, function
        self._host = device.kind == "cpu"
        self._expected = [(spec.shape, spec.dtype.numpy) for spec in self.inputs]
        self._check_sizes = SizeChecks(function)
        self._result = _builder(function.result)
        self.__signature__ = _signature(function)

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets that the artifact was compiled for, the default first."""
        return self.manifest.targets

    @property
    def functions(self) -> tuple[str, ...]:
        """The names of all the artifact's functions; `executable[name]` returns one."""
        return tuple(function.name for function in self.manifest.functions)

    def __getitem__(self, name: str) -> Executable:
        """Return another function of the same artifact, on the same device."""
        function = _find(self.manifest, name)
        return Executable(self._source, self.manifest, self._program, self.device, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function.

        Args:
            *args: the inputs in order: numpy arrays, DLPack arrays, numbers, nested lists.
            **kwargs: inputs by name.

        Returns:
            numpy arrays, or arrays in device memory for devices other than the CPU, nested as the
            function returned them.

        Raises:
            InputError: an argument is missing, unknown, or of the wrong shape or data type.
            DeviceError: an argument is on another device, or the device failed.
        """
        if kwargs or len(args) != len(self._expected):
            args = self._bind(args, kwargs)
        arrays: Sequence[Any] = args
        for value, (shape, dtype) in zip(args, self._expected, strict=True):
            if type(value) is not np.ndarray or value.dtype != dtype or value.shape != shape:
                arrays = self._convert(args)
                break
        if self._check_sizes:
            self._check_sizes(arrays)
        program = self._program
        slot = program.take()
        try:
            call = slot.content.calls.get(self.name) or self._prepare(slot.content)
            outputs = call(arrays)
        except InputError as error:
            raise InputError(f"{error}{self._check_sizes.described(arrays)}") from None
        finally:
            program.put(slot)
        return self._result(outputs if self._host else self._wrap(outputs))

    def _prepare(self, context: programs.Context) -> Callable[[Sequence[Any]], list[Any]]:
        make = HostCall if self._host else DeviceCall
        call = context.calls[self.name] = make(context, self._function)
        return call

    def _convert(self, args: Sequence[Any]) -> Sequence[Any]:
        where = str(self.device)
        return [
            convert(value, spec, self.name, where)
            for value, spec in zip(args, self.inputs, strict=True)
        ]

    def _wrap(self, buffers: Sequence[DeviceBuffer]) -> list[DeviceArray]:
        where = str(self.device)
        return [
            DeviceArray(buffer, replace(spec, shape=buffer.shape), where)
            for buffer, spec in zip(buffers, self.outputs, strict=True)
        ]

    def _bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the arguments in order."""
        names = [spec.name for spec in self.inputs]
        if len(args) > len(names):
            were = "was" if len(args) == 1 else "were"
            raise InputError(f"{self._takes()}, but {len(args)} {were} given")
        given = dict(zip(names, args, strict=False))
        for name, value in kwargs.items():
            if name not in names:
                hint = did_you_mean(name, names, listed=0)
                raise InputError(f"{self._takes()}, but none is called {name!r}{hint}")
            if name in given:
                twice = f"{name!r} was given by position and by name"
                raise InputError(f"{self._takes()}, but {twice}")
            given[name] = value
        missing = [repr(name) for name in names if name not in given]
        if missing:
            are = "is" if len(missing) == 1 else "are"
            raise InputError(f"{self._takes()}, but {', '.join(missing)} {are} missing")
        return tuple(given[name] for name in names)

    def _takes(self) -> str:
        inputs = ", ".join(map(str, self.inputs))
        count = len(self.inputs)
        return f"{self.name} takes {count} input{'s' * (count != 1)}{inputs and f' ({inputs})'}"

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a copy of the artifact, with its weights beside it if they are external.

        Args:
            path: where to write; an existing file is replaced, and a missing
                folder is made.

        Returns:
            The path.

        Raises:
            OSError: the file cannot be written; nothing is left half-written.
        """
        target = files.path_of(path)
        data, weights = memoryview(self._source), self._program.weights
        if weights is None:
            files.write(target, [data])
        else:
            vmfb, _ = container.split(data)
            artifact.write(target, bytes(vmfb), self.manifest, weights)
        return target

    def __reduce__(self) -> Any:
        """Pickle the artifact, and where and how it runs; unpickling loads it."""
        threads, weights = self._program.place.threads, self._program.weights
        return _restored, (bytes(self._source), str(self.device), threads, self.name, weights)

    def __repr__(self) -> str:
        """The signature and the device."""
        return f"<Executable {self._function} on {self.device}>"


def _restored(
    data: bytes,
    device: str,
    threads: int | None,
    function: str,
    weights: Mapping[str, Array] | None,
) -> Executable:
    """Load what was pickled."""
    return load(data, device, threads, function, weights, exchange_weights=True)


def _find(manifest: Manifest, name: str) -> Function:
    if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgumentError(f"A function's name is a string, not {shown(name)}")
    for function in manifest.functions:
        if function.name == name:
            return function
    names = [function.name for function in manifest.functions]
    hint = did_you_mean(name, names, listed=0) or f". Functions: {', '.join(names)}"
    raise ArgumentError(f"No function is called {name!r}{hint}")


def _builder(tree: ResultTree) -> Callable[[list[Any]], Any]:
    """Return the function that nests outputs by a result tree."""
    if isinstance(tree, int):
        return lambda outputs: outputs[tree]
    ((collection, items),) = tree.items()
    if collection == "dict":
        named = {name: _builder(item) for name, item in items.items()}
        return lambda outputs: {name: build(outputs) for name, build in named.items()}
    builders = [_builder(item) for item in items]
    if collection == "list":
        return lambda outputs: [build(outputs) for build in builders]
    return lambda outputs: tuple([build(outputs) for build in builders])


def _signature(function: Function) -> inspect.Signature:
    """Return the signature of a call; inputs whose names are not identifiers become input0, ..."""
    parameters = [
        inspect.Parameter(
            name=spec.name if _is_name(spec.name) else f"input{index}",
            kind=inspect.Parameter.POSITIONAL_OR_KEYWORD,
            annotation=spec.type,
        )
        for index, spec in enumerate(function.inputs)
    ]
    return inspect.Signature(parameters)


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def load(
    source: artifact.Source,
    device: str | Device | None = None,
    threads: int | None = None,
    function: str | None = None,
    weights: parameters.Weights | None = None,
    exchange_weights: bool = False,
) -> Executable:
    """Load an artifact, after checking that it is complete and fit for this machine.

    The file is mapped, not copied: replace it by renaming, and do not overwrite it while in use.

    Args:
        source: the path of a `.vmfb`, or its bytes.
        device: the device to run it on, for example `"cpu"` or `"cuda:1"`; by default the first of
            the artifact's targets that this machine has.
        threads: how many CPU threads a call may use: 1 for the caller's only, which is fastest for
            small functions; None for one per core. A process has one pool of threads, whose size is
            set by the first load that needs it.
        function: the function to call; by default the artifact's first.
        weights: external weights, as a .safetensors or .irpa file or arrays by name; by default the
            file that the artifact names, in its folder.
        exchange_weights: whether external weights may differ from those that the artifact was
            compiled with. They belong to the compiled program: passes may have changed the model's
            (by folding batch norm), so take new ones from `save` of the same model, compiled again.

    Returns:
        The loaded function.

    Raises:
        ArtifactError: the file is not an artifact, is damaged, or was made by another version.
        DeviceError: this machine lacks the device, its driver or the CPU features that are needed.
        ArgumentError: there is no such function or kind of device, the number of threads is not
            possible, or the arrays are not the weights that are needed.

    Example:
        >>> x = fr.InputInfo((2,), fr.float32)
        >>> double = fr.compile(lambda x: x * 2, args=[x], target="cpu", name="double")
        >>> load(double.save("double.vmfb"))(np.ones(2, np.float32))
        array([2., 2.], dtype=float32)
    """
    data, manifest = artifact.opened(source)
    return start(source, manifest, device, threads, function, weights, exchange_weights, data)


# Loads take turns: IREE's runtime is imported, its types registered and devices opened only once.
_loads: Slots[None] = Slots(1, awaited=True)


def start(
    source: artifact.Source,
    manifest: Manifest,
    device: str | Device | None = None,
    threads: int | None = None,
    function: str | None = None,
    weights: parameters.Weights | None = None,
    exchange_weights: bool = False,
    data: bytes | mmap.mmap | None = None,
) -> Executable:
    """Load a verified artifact, as `load` does.

    Args:
        source: the artifact.
        manifest: its manifest.
        device: see `load`, also for what follows.
        threads: how many CPU threads a call may use.
        function: the function to call.
        weights: the external weights.
        exchange_weights: whether they may differ from those whose hashes the manifest holds.
        data: the bytes that were verified; None: the source's.
    """
    _check_threads(threads)
    chosen = manifest.functions[0] if function is None else _find(manifest, function)
    try:
        where = _choose(device, manifest)
        if where.kind == "cpu" and manifest.cpu:
            cpu_features.check(manifest.cpu)
        arrays = parameters.find(source, manifest.parameters, weights, exchange_weights)
        data = artifact.mapped(source) if data is None else data
        program = _start(data, manifest, where, threads, arrays)
    except (ArtifactError, DeviceError) as error:
        raise type(error)(f"{artifact.describe(source)}: {error}") from None
    return Executable(data, manifest, program, where, chosen)


def _check_threads(threads: Any) -> None:
    is_count = isinstance(threads, int | np.integer) and not isinstance(threads, bool)
    if threads is not None and not (is_count and threads >= 1):
        problem = f"threads={shown(threads)} is not possible: give 1 or more, or leave it out"
        raise ArgumentError(problem)


def _choose(wanted: str | Device | None, manifest: Manifest) -> Device:
    """Return the device to run on: the requested one, or the first target that is available."""
    kinds = [target.partition(":")[0] for target in manifest.targets]
    made_for = f"it was compiled for {', '.join(manifest.targets)}"
    if wanted is None:
        kind = next(filter(count, kinds), None)
        if kind is None:
            raise DeviceError(f"{made_for}, but {why_absent(kinds[0])}")
        return Device(kind)
    where = Device(wanted)
    if where.kind not in kinds:
        raise DeviceError(
            f"there is no code for {where}: {made_for}. Compile with target={where.kind!r} too"
        )
    check_available(where)
    return where


def _start(
    data: bytes | mmap.mmap,
    manifest: Manifest,
    where: Device,
    threads: int | None,
    weights: Mapping[str, Array] | None,
) -> programs.LoadedModule:
    external = (manifest.parameters.scope, weights) if manifest.parameters and weights else None
    place = session.Place(DRIVERS[where.kind], where.index, threads)
    turn = _loads.claim()
    try:
        program = programs.LoadedModule(data, place, external)
        abi.check(manifest.functions, program.modules.declaration)
        return program
    finally:
        _loads.release(turn)
