"""Portable StableHLO on jaxlib's CPU client, as an independent implementation."""
# pyright: basic, reportAttributeAccessIssue=false, reportMissingImports=false

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxlib import _jax, xla_client
from numpy.typing import NDArray


@functools.cache
def _client() -> Any:
    return xla_client.make_cpu_client()


def run(module: str | bytes, arrays: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """Return the results of a module's function `main`.

    Args:
        module: StableHLO as text or bytecode, of static shapes.
        arrays: the arguments, of data types that DLPack supports.
    """
    module = module.encode() if isinstance(module, str) else module
    client = _client()
    device = client.devices()[0]
    devices = xla_client.DeviceList((device,))
    program = client.compile_and_load(module, devices, xla_client.CompileOptions())
    buffers = [_buffer(array, device) for array in arrays]
    results = program.execute_sharded(buffers).disassemble_into_single_device_arrays()
    return [parts[0]._single_device_array_to_np_array_did_copy()[0] for parts in results]


def _buffer(array: NDArray[Any], device: Any) -> Any:
    owned = np.array(array, order="C")
    return _jax.dlpack_managed_tensor_to_buffer(owned.__dlpack__(), device, None, copy=True)


_HEAD = re.compile(r"func\.func @main\((.*)\) -> .*{\n")


def refined(module: str, shapes: Sequence[tuple[int, ...]]) -> bytes:
    """Return a module whose dynamic shapes are inferred from the arguments' shapes.

    XLA infers them by StableHLO's shape refinement, and refuses what stays dynamic.

    Args:
        module: StableHLO text.
        shapes: the shapes of the arguments of its function `main`.
    """
    head = _HEAD.search(module)
    assert head
    signature, wrappers = head.group(0), ""
    for place, type in re.findall(r"%arg(\d+): tensor<([^>]*)>", signature):
        shape = shapes[int(place)]
        fixed = "x".join([*map(str, shape), type.rpartition("x")[2]])
        if fixed != type:
            signature = signature.replace(
                f"%arg{place}: tensor<{type}>", f"%x{place}: tensor<{fixed}>"
            )
            wrappers += _wrapper(place, type, fixed, shape)
    text = module.replace(head.group(0), signature + wrappers)
    return _jax.mlir.refine_polymorphic_shapes(text.encode(), True, True)


def _wrapper(place: str, type: str, fixed: str, shape: tuple[int, ...]) -> str:
    """Return the operations by which an argument of fixed sizes stands for a dynamic one."""
    sizes, vector = ", ".join(map(str, shape)), f"tensor<{len(shape)}xi64>"
    return (
        f"%shape{place} = stablehlo.constant dense<[{sizes}]> : {vector}\n"
        f"%arg{place} = stablehlo.custom_call @stablehlo.shape_refinement_operand_wrapper"
        f"(%x{place}, %shape{place}) {{indices_of_shape_operands = dense<1> : tensor<1xi64>}} : "
        f"(tensor<{fixed}>, {vector}) -> tensor<{type}>\n"
    )
