"""The data types of tensors, each of which is a class: `float32`, `int8`, `bool`, ...

A data type has a public name, a short name for IRs, a size and a numpy counterpart.
"""

from __future__ import annotations

import builtins
from typing import Any, Protocol, TypeAlias, cast

import ml_dtypes
import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
"""A numpy array of any data type and shape."""


class dtype(type):
    """The type of data types: `isinstance(float32, dtype)`.

    Attributes:
        name: the public name, for example `"float32"`.
        short: the name in graph text and on the command line, for example `"f32"`.
        itemsize: bytes per element (0.5 for the 4-bit types).
        numpy: the numpy data type of such elements in memory.
    """

    name: str
    short: str
    itemsize: float
    numpy: np.dtype[Any]

    def __new__(
        mcs,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        short: str = "",
        numpy: Any = None,
        itemsize: float | None = None,
    ) -> dtype:
        """Make a data type and, unless it is a base, register it in the tables."""
        cls = super().__new__(mcs, name, bases, namespace)
        cls.name, cls.short = name, short
        if numpy is not None:
            cls.numpy = np.dtype(numpy)
            cls.itemsize = cls.numpy.itemsize if itemsize is None else itemsize
            DTYPES[name] = BY_SHORT_NAME[short] = BY_NUMPY[cls.numpy] = cls
        return cls

    def __init__(cls, *args: Any, **options: Any) -> None:
        super().__init__(*args)

    def __repr__(cls) -> str:
        return cls.name

    @property
    def is_floating(cls) -> builtins.bool:
        """Whether elements are floating-point numbers."""
        return issubclass(cls, floating)

    @property
    def is_integer(cls) -> builtins.bool:
        """Whether elements are integers, signed or not; `bool` is not one."""
        return issubclass(cls, integer)

    @property
    def is_unsigned(cls) -> builtins.bool:
        """Whether elements are unsigned integers."""
        return issubclass(cls, unsigned)

    @property
    def bits(cls) -> int:
        """The size of one element in bits."""
        return int(cls.itemsize * 8)


DTYPES: dict[str, dtype] = {}
BY_SHORT_NAME: dict[str, dtype] = {}
BY_NUMPY: dict[np.dtype[Any], dtype] = {}


class generic(metaclass=dtype):
    """The base of all data types."""


class integer(generic):
    """The base of the integer types."""


class unsigned(integer):
    """The base of the unsigned integer types."""


class floating(generic):
    """The base of the floating-point types."""


class float64(floating, short="f64", numpy=np.float64):
    """IEEE 754 binary64."""


class float32(floating, short="f32", numpy=np.float32):
    """IEEE 754 binary32."""


class float16(floating, short="f16", numpy=np.float16):
    """IEEE 754 binary16."""


class bfloat16(floating, short="bf16", numpy=ml_dtypes.bfloat16):
    """The upper half of a binary32: 8 bits of exponent, 7 of fraction."""


class float8(floating, short="f8e4m3fn", numpy=ml_dtypes.float8_e4m3fn):
    """OCP float8 E4M3: no infinities, largest value 448."""


class float8_e5m2(floating, short="f8e5m2", numpy=ml_dtypes.float8_e5m2):
    """OCP float8 E5M2: with infinities, largest value 57344."""


class int64(integer, short="i64", numpy=np.int64):
    """64-bit two's complement."""


class int32(integer, short="i32", numpy=np.int32):
    """32-bit two's complement."""


class int16(integer, short="i16", numpy=np.int16):
    """16-bit two's complement."""


class int8(integer, short="i8", numpy=np.int8):
    """8-bit two's complement."""


class int4(integer, short="i4", numpy=ml_dtypes.int4, itemsize=0.5):
    """4-bit two's complement, stored two to a byte."""


class uint64(unsigned, short="u64", numpy=np.uint64):
    """64-bit unsigned."""


class uint32(unsigned, short="u32", numpy=np.uint32):
    """32-bit unsigned."""


class uint16(unsigned, short="u16", numpy=np.uint16):
    """16-bit unsigned."""


class uint8(unsigned, short="u8", numpy=np.uint8):
    """8-bit unsigned."""


class bool(generic, short="bool", numpy=np.bool_):
    """True or false, one byte each."""


float8_e4m3fn = float8


# ---------------------------------------------------------------------- of other libraries


class _TorchDtype(Protocol):
    """What type checkers see of torch's data types."""

    @property
    def is_floating_point(self) -> builtins.bool: ...


DtypeLike: TypeAlias = dtype | np.dtype[Any] | type[np.generic] | type[builtins.bool] | _TorchDtype
"""A data type of Farrier, numpy, torch or jax."""

_BY_TORCH_NAME: dict[str, dtype] = {**DTYPES, "float8_e4m3fn": float8}
_NUMPY_DTYPES = {type(each) for each in BY_NUMPY}
_BY_SCALAR: dict[type, dtype] = {
    scalar: BY_NUMPY[np.dtype(scalar)]
    for scalar in (builtins.bool, *np.sctypeDict.values(), *(each.type for each in BY_NUMPY))
    if np.dtype(scalar) in BY_NUMPY
}


def dtype_of(given: object) -> dtype | None:
    """Return the data type that is meant by a data type of any library.

    Args:
        given: one of Farrier, numpy, ml_dtypes, torch or jax, or Python's `bool`. Python's `int`
            and `float` mean none, as they have no size; nor do names, which differ.

    Returns:
        The data type; None if Farrier has none of this kind.

    Example:
        >>> dtype_of(np.float32), dtype_of(np.dtype("bool")), dtype_of(float)
        (float32, bool, None)
    """
    if isinstance(given, np.dtype):
        return BY_NUMPY.get(cast("np.dtype[Any]", given).newbyteorder("="))
    if type(given).__module__ == "torch":
        return _BY_TORCH_NAME.get(str(given).removeprefix("torch."))
    if not isinstance(given, type):
        return None
    if isinstance(given, dtype):
        return given if given.short else None  # the bases, such as `floating`, have no name
    if given in _BY_SCALAR:
        return _BY_SCALAR[given]
    counterpart: Any = getattr(given, "dtype", None)  # jax's types are not numpy scalars
    return BY_NUMPY.get(counterpart) if type(counterpart) in _NUMPY_DTYPES else None
