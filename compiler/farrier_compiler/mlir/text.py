"""MLIR's text of types, numbers and strings, and the names of IREE's phases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from farrier_compiler.sizes import SymbolicSize
from farrier_compiler.types.tensor_type import TensorType
from farrier_runtime.dtypes import dtype

if TYPE_CHECKING:
    from farrier_compiler.types.elements import Array

PHASES = (
    "input",
    "abi",
    "preprocessing",
    "global-optimization",
    "dispatch-creation",
    "flow",
    "stream",
    "executable-sources",
    "executable-configurations",
    "executable-targets",
    "hal",
    "vm",
)

_ELEMENTS = {
    "f8e4m3fn": "f8E4M3FN",
    "f8e5m2": "f8E5M2",
    "bool": "i1",
    "u64": "ui64",
    "u32": "ui32",
    "u16": "ui16",
    "u8": "ui8",
}


def mlir_dtype(dtype: dtype) -> str:
    """Return MLIR's name for a data type."""
    return _ELEMENTS.get(dtype.short, dtype.short)


def type_text(type: TensorType) -> str:
    """Return MLIR's text of a tensor type, with `?` for dynamic sizes."""
    sizes = "".join("?x" if isinstance(size, SymbolicSize) else f"{size}x" for size in type.shape)
    if type.quantization is not None:
        return f"tensor<{sizes}{type.quantization.text(type.dtype.short, type.shape, exact=True)}>"
    return f"tensor<{sizes}{mlir_dtype(type.dtype)}>"


# Weights of at least this size are referenced instead of copied, and elided in dumps.
RESOURCE_BYTES = 1024

# The parameter scope of external weights.
SCOPE = "model"


@dataclass(frozen=True)
class Place:
    """The origin of an operation: a layer's name and a line of the user's source."""

    name: str
    file: str
    line: int
    column: int


def string_attribute(text: str) -> str:
    """Return the MLIR literal of a string, with two hex digits for bytes that are not ASCII."""
    plain = (chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\{b:02X}" for b in text.encode())
    return '"' + "".join(plain) + '"'


def is_splat(array: Array) -> bool:
    """Return whether all elements have the same bits."""
    if array.size <= 1:
        return array.size == 1
    bits = np.ascontiguousarray(array).reshape(-1, 1).view(np.uint8)
    return bool((bits == bits[:1]).all())


def nested_text(array: Array, dtype: dtype) -> str:
    """Return the MLIR literal of an array."""
    if array.ndim == 0:
        return scalar_text(array[()], dtype)
    return "[" + ", ".join(nested_text(part, dtype) for part in array) + "]"


def scalar_text(value: Any, dtype: dtype) -> str:
    """Return the MLIR literal of a number, exact for floats."""
    if dtype.short == "bool":
        return "true" if value else "false"
    if dtype.is_integer:
        return str(int(value))
    number = float(value)
    if np.isfinite(number):
        return f"{number:.17e}" if dtype.bits == 64 else f"{number:.9e}"
    bits = int(np.asarray(value, dtype.numpy).view(f"u{dtype.numpy.itemsize}"))
    return f"0x{bits:0{dtype.numpy.itemsize * 2}X}"
