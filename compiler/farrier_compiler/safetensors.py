"""Writing .safetensors files: a JSON header of names, types and places, then the elements."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np

from farrier_compiler.graph import Array
from farrier_runtime import dtypes
from farrier_runtime.dtypes import BY_NUMPY, dtype

NAMES: dict[dtype, str] = {
    dtypes.float64: "F64",
    dtypes.float32: "F32",
    dtypes.float16: "F16",
    dtypes.bfloat16: "BF16",
    dtypes.float8: "F8_E4M3",
    dtypes.float8_e5m2: "F8_E5M2",
    dtypes.int64: "I64",
    dtypes.int32: "I32",
    dtypes.int16: "I16",
    dtypes.int8: "I8",
    dtypes.uint64: "U64",
    dtypes.uint32: "U32",
    dtypes.uint16: "U16",
    dtypes.uint8: "U8",
    dtypes.bool: "BOOL",
}

_ALIGNMENT = 64


def write_safetensors(path: str | os.PathLike[str], tensors: Mapping[str, Array]) -> None:
    """Write arrays to a .safetensors file, all of it or nothing.

    Args:
        path: where to; a file that is there is replaced.
        tensors: arrays by name, of any data type but int4.

    Raises:
        OSError: the file cannot be written.

    Example:
        >>> write_safetensors("net.safetensors", {"weight": np.ones((2, 3), np.float32)})
    """
    target = Path(path)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            _write(file, tensors)
        os.chmod(name, 0o644)
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _write(file: BinaryIO, tensors: Mapping[str, Array]) -> None:
    # Elements of large types first: each array is then aligned for its type.
    ordered = sorted(tensors.items(), key=lambda item: -item[1].dtype.itemsize)
    header: dict[str, object] = {}
    position = 0
    for name, array in ordered:
        end = position + array.nbytes
        header[name] = {
            "dtype": NAMES[BY_NUMPY[array.dtype]],
            "shape": list(array.shape),
            "data_offsets": [position, end],
        }
        position = end
    text = json.dumps(header).encode()
    text += b" " * (-(8 + len(text)) % _ALIGNMENT)
    file.write(len(text).to_bytes(8, "little") + text)
    for _, array in ordered:
        file.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
