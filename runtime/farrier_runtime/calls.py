# pyright: basic
"""Calls of a program's functions, with arrays in and out.

An imported input that is not 64-byte aligned crashes the process, because IREE's code uses aligned
loads. numpy aligns to 16, so small inputs are copied into aligned memory that is imported once;
large ones are imported if they are aligned, and otherwise copied to aligned memory first (7 ms for
64 MB; IREE's own copy takes 30 ms). `benchmarks/call_overhead.py` prints what a call costs.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from farrier_runtime.dtypes import Array, dtype, int4, int8
from farrier_runtime.errors import ArtifactError, DeviceError, InputError
from farrier_runtime.manifest import Function, TensorSpec, shape_fits
from farrier_runtime.programs import Context
from farrier_runtime.session import OpenDevice, iree, reason

ALIGNMENT = 64
STAGED_BYTES = 1 << 16


def storage(dtype: dtype) -> np.dtype[Any]:
    """Return the numpy type of the memory that is passed; `int4` is passed as `int8`."""
    return int8.numpy if dtype is int4 else dtype.numpy


@functools.cache
def _element_type(dtype: dtype) -> Any:
    types = iree().HalElementType
    special = {
        "bfloat16": "BFLOAT_16",
        "bool": "BOOL_8",
        "float8": "FLOAT_8_E4M3_FN",
        "float8_e5m2": "FLOAT_8_E5M2",
        "int4": "SINT_8",
    }
    families = {"f": "FLOAT", "i": "SINT", "u": "UINT"}
    return getattr(types, special.get(dtype.name) or f"{families[dtype.short[0]]}_{dtype.bits}")


@functools.cache
def _memory() -> tuple[int, int, int, int]:
    """Return IREE's flags: memory type and usage of imported memory, then of device memory."""
    memory, use = iree().MemoryType, iree().BufferUsage
    host = int(memory.HOST_LOCAL) | int(memory.DEVICE_VISIBLE)
    mapped = int(use.DEFAULT) | int(use.MAPPING_PERSISTENT)
    return host, mapped, int(memory.DEVICE_LOCAL), int(use.DEFAULT)


def aligned_empty(size: int) -> Array:
    """Return `size` uninitialised bytes that IREE can import: they are aligned to 64 bytes."""
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = -_address(memory) % ALIGNMENT
    return memory[start : start + size]


def _address(array: Array) -> int:
    return array.__array_interface__["data"][0]


class _Call:
    """A function in a context."""

    def __init__(self, context: Context, function: Function) -> None:
        self._device = context.modules.device
        self._invoke = context.invoke
        self._name = function.name
        self._function = context.modules.function(function.name)
        self._inputs, self._outputs = function.inputs, function.outputs
        # None where the output itself determines its shape.
        self._shapes = [
            (spec.sizes if spec.is_static else None, storage(spec.dtype))
            for spec in function.outputs
        ]
        self._narrow = [i for i, spec in enumerate(function.outputs) if spec.dtype is int4]
        self._list, self._view = iree().VmVariantList, iree().HalBufferView
        self._checked = False

    def _run(self, inputs: Any) -> list[Any]:
        """Invoke the function and return its outputs' buffer views."""
        outputs = self._list(len(self._outputs))
        try:
            self._invoke(self._function, inputs, outputs)
        except (RuntimeError, ValueError, IndexError, MemoryError) as error:
            raised = InputError if "FAILED_PRECONDITION" in str(error) else DeviceError
            raise raised(f"{self._name} failed: {reason(error)}") from None
        views = [outputs.get_as_object(index, self._view) for index in range(len(self._shapes))]
        if not self._checked:
            self._check(views)
        return views

    def _check(self, views: list[Any]) -> None:
        """Compare the first call's outputs with the manifest, by which their memory is read."""
        for view, spec in zip(views, self._outputs, strict=True):
            shape = tuple(view.shape)
            size = storage(spec.dtype).itemsize * int(np.prod(shape))
            if not shape_fits(shape, spec) or view.byte_length != size:
                raise ArtifactError(
                    f"output {spec.name!r} of {self._name} has shape {shape} and "
                    f"{view.byte_length} bytes, but its manifest says {spec.type}"
                )
        self._checked = True


class HostCall(_Call):
    """A function on the CPU; arrays share memory with the program where that is safe."""

    def __init__(self, context: Context, function: Function) -> None:
        """Prepare the memory that small inputs are copied to.

        Args:
            context: the context to run in.
            function: the function.
        """
        super().__init__(context, function)
        sizes = [_staged_size(spec) for spec in function.inputs]
        self._staging = aligned_empty(sum(sizes))
        self._slots: list[Array | None] = []
        self._slot_views: list[Any] = []
        end = 0
        for spec, size in zip(function.inputs, sizes, strict=True):
            end += size
            self._add_slot(spec, self._staging[end - size : end] if size else None)
        self._prepared = self._pack(self._slot_views) if all(sizes) else None

    def _add_slot(self, spec: TensorSpec, memory: Array | None) -> None:
        if memory is None:
            self._slots.append(None)
            self._slot_views.append(None)
            return
        dtype = storage(spec.dtype)
        memory = memory[: dtype.itemsize * int(np.prod(spec.sizes))]
        self._slots.append(memory.view(dtype).reshape(spec.sizes))
        self._slot_views.append(self._import(memory, spec.sizes, spec.dtype))

    def _import(self, memory: Array, shape: tuple[int, ...], dtype: dtype) -> Any:
        """Return a buffer view that refers to memory."""
        memory_type, use, _, _ = _memory()
        buffer = self._device.handle.allocator.import_host_allocation(
            memory, memory_type=memory_type, allowed_usage=use
        )
        return self._view(buffer, shape, _element_type(dtype))

    def _pack(self, views: Sequence[Any]) -> Any:
        packed = self._list(len(views))
        for view in views:
            packed.push_ref(view)
        return packed

    def __call__(self, arrays: Sequence[Array]) -> list[Array]:
        """Run the function.

        Args:
            arrays: the inputs, with checked shapes and data types, and any strides.

        Returns:
            The outputs, none of which shares memory with an input.

        Raises:
            DeviceError: the program failed.
            InputError: an assertion in the program failed.
        """
        shared = [self._staging]
        inputs = self._prepared
        if inputs is None:
            inputs = self._stage(arrays, shared)
        else:
            for slot, array in zip(self._slots, arrays, strict=True):
                slot[...] = array  # pyright: ignore[reportOptionalSubscript]
        results = [
            self._output(view, shape, dtype, shared)
            for view, (shape, dtype) in zip(self._run(inputs), self._shapes, strict=True)
        ]
        for index in self._narrow:
            results[index] = results[index].astype(int4.numpy)
        return results

    def _stage(self, arrays: Sequence[Array], shared: list[Array]) -> Any:
        """Copy small inputs to their slots and import large ones, which `shared` keeps alive."""
        views = list(self._slot_views)
        for index, (slot, array) in enumerate(zip(self._slots, arrays, strict=True)):
            if slot is not None:
                slot[...] = array
                continue
            spec = self._inputs[index]
            memory = _importable(array, storage(spec.dtype))
            shared.append(memory)
            flat = memory.reshape(-1).view(np.uint8) if memory.size else aligned_empty(1)
            views[index] = self._import(flat, memory.shape, spec.dtype)
        return self._pack(views)

    def _output(self, view: Any, shape: Any, dtype: Any, shared: list[Array]) -> Array:
        array = np.ndarray(tuple(view.shape) if shape is None else shape, dtype, view.map())
        # A function that returns an input unchanged returns the input's memory.
        for memory in shared:
            if np.may_share_memory(array, memory):
                return array.copy()
        return array


def _staged_size(spec: TensorSpec) -> int:
    """Return the size of an input's slot, which is never 0 for empty inputs; 0 for no slot."""
    if not spec.is_static:
        return 0
    size = max(1, storage(spec.dtype).itemsize * int(np.prod(spec.sizes)))
    return -(-size // ALIGNMENT) * ALIGNMENT if size <= STAGED_BYTES else 0


def _importable(array: Array, dtype: np.dtype[Any]) -> Array:
    flags = array.flags
    aligned = flags.c_contiguous and flags.writeable and not _address(array) % ALIGNMENT
    if aligned and array.dtype == dtype:
        return array
    memory = aligned_empty(array.size * dtype.itemsize).view(dtype).reshape(array.shape)
    memory[...] = array
    return memory


class DeviceBuffer:
    """A tensor in a device's memory."""

    def __init__(self, device: OpenDevice, view: Any) -> None:
        """Hold a tensor.

        Args:
            device: the device.
            view: IREE's buffer view.
        """
        self.device, self.view = device, view

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes."""
        return tuple(self.view.shape)

    def numpy(self, spec: TensorSpec) -> Array:
        """Copy the tensor to the host.

        Args:
            spec: its shape and data type.

        Returns:
            An array with its own memory.

        Raises:
            DeviceError: the parent of this fork has opened the device.
        """
        slot = self.device.begin_read()
        try:
            return np.ndarray(self.shape, storage(spec.dtype), self._copy().map())
        finally:
            self.device.end_read(slot)

    def _copy(self) -> Any:
        """Return a copy of the buffer in host memory."""
        runtime, source, device = iree(), self.view.get_buffer(), self.device.handle
        use = int(runtime.BufferUsage.TRANSFER_TARGET) | int(runtime.BufferUsage.MAPPING_SCOPED)
        host, *_ = _memory()
        target = device.allocator.allocate_buffer(
            memory_type=host, allowed_usage=use, allocation_size=max(1, source.byte_length())
        )
        if source.byte_length():
            done = device.create_semaphore(0)
            start, end = (runtime.HalFence.create_at(done, value) for value in (0, 1))
            device.queue_copy(source, target, wait_semaphores=start, signal_semaphores=end)
            end.wait()
        return target

    def dlpack(self, device_type: int, index: int) -> Any:
        """Share the tensor.

        Args:
            device_type: DLPack's number for the kind of device.
            index: the index of the device among those of that kind.

        Returns:
            A DLPack capsule.

        Raises:
            DeviceError: the parent of this fork has opened the device.
        """
        slot = self.device.begin_read()
        try:
            return self.device.handle.create_dlpack_capsule(self.view, device_type, index)
        finally:
            self.device.end_read(slot)


class DeviceCall(_Call):
    """A function on a device that has its own memory."""

    def __call__(self, arrays: Sequence[Array | DeviceBuffer]) -> list[DeviceBuffer]:
        """Run the function.

        Args:
            arrays: the inputs, checked; those in host memory are copied to the device.

        Returns:
            The outputs, in the device's memory.

        Raises:
            DeviceError: the program failed.
            InputError: an assertion in the program failed.
        """
        packed = self._list(len(arrays))
        for array, spec in zip(arrays, self._inputs, strict=True):
            on_device = isinstance(array, DeviceBuffer)
            packed.push_ref(array.view if on_device else self._upload(array, spec))
        return [DeviceBuffer(self._device, view) for view in self._run(packed)]

    def _upload(self, array: Array, spec: TensorSpec) -> Any:
        _, _, memory_type, use = _memory()
        data = np.ascontiguousarray(array, storage(spec.dtype)).reshape(-1).view(np.uint8)
        buffer = self._device.handle.allocator.allocate_buffer_copy(
            memory_type=memory_type, allowed_usage=use, device=self._device.handle, buffer=data
        )
        return self._view(buffer, array.shape, _element_type(spec.dtype))
