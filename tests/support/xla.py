"""Run portable StableHLO through jaxlib's CPU client: it must give the same numbers."""
# pyright: basic, reportAttributeAccessIssue=false, reportMissingImports=false

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxlib import _jax, xla_client
from numpy.typing import NDArray


@functools.cache
def _client() -> Any:
    return xla_client.make_cpu_client()


def run(module: str, arrays: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """Return the results of a module's function `main`.

    Args:
        module: StableHLO text.
        arrays: the arguments, of types that DLPack knows.
    """
    client = _client()
    device = client.devices()[0]
    devices = xla_client.DeviceList((device,))
    program = client.compile_and_load(module.encode(), devices, xla_client.CompileOptions())
    buffers = [_buffer(array, device) for array in arrays]
    results = program.execute_sharded(buffers).disassemble_into_single_device_arrays()
    return [parts[0]._single_device_array_to_np_array_did_copy()[0] for parts in results]


def _buffer(array: NDArray[Any], device: Any) -> Any:
    owned = np.array(array, order="C")
    return _jax.dlpack_managed_tensor_to_buffer(owned.__dlpack__(), device, None, copy=True)
