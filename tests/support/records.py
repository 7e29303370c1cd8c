"""Records of functions under test, for all generic tests: eager, compiled, XLA, torch, CUDA."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

import farrier as fr
from farrier import Tensor
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype

Array = NDArray[Any]

FLOATS = (dtypes.float32, dtypes.float16, dtypes.bfloat16, dtypes.float64)
FLOAT8 = (dtypes.float8, dtypes.float8_e5m2)
SIGNED = (dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64)
UNSIGNED = (dtypes.uint8, dtypes.uint16, dtypes.uint32, dtypes.uint64)
INTEGERS = SIGNED + UNSIGNED
NUMBERS = FLOATS + INTEGERS
BITS = (*INTEGERS, dtypes.bool)
ANY = (*NUMBERS, dtypes.bool)


@dataclass(frozen=True)
class Operand:
    """A random operand of a sample.

    Attributes:
        shape: its shape.
        low: the smallest element.
        high: the largest element.
        dtype: a fixed data type; None: the one that is being tested.
        exclude_zero: keep away from 0, for divisors.
    """

    shape: tuple[int, ...]
    low: float = -3.0
    high: float = 3.0
    dtype: dtype | None = None
    exclude_zero: bool = False

    def random(self, tested: dtype, generator: np.random.Generator) -> Array:
        """Return elements of the operand's data type."""
        dtype = self.dtype or tested
        if dtype is dtypes.bool:
            return generator.integers(0, 2, self.shape).astype(np.bool_)
        low = max(self.low, 0) if dtype.is_unsigned else self.low
        if dtype.is_integer:
            numbers = generator.integers(int(low), int(self.high), self.shape, endpoint=True)
        else:
            numbers = generator.uniform(low, self.high, self.shape)
        if self.exclude_zero:
            numbers = np.where(np.abs(numbers) < 0.1, 1, numbers)
        return np.asarray(numbers).astype(dtype.numpy)


@dataclass(frozen=True)
class Values(Operand):
    """An operand of given numbers.

    Attributes:
        values: the numbers; an integer type takes those that it can represent.
    """

    values: tuple[float, ...] = ()

    def random(self, tested: dtype, generator: np.random.Generator) -> Array:
        """Return the numbers."""
        with np.errstate(over="ignore"):
            numbers = np.asarray(self.values, np.float64).astype(tested.numpy)
        return numbers.reshape(self.shape)


@dataclass(frozen=True)
class Integers(Values):
    """An operand of given integers, which may be too large for float64.

    Attributes:
        values: the integers; a narrower type takes its smallest and largest instead.
    """

    values: tuple[int, ...] = ()

    def random(self, tested: dtype, generator: np.random.Generator) -> Array:
        """Return the integers."""
        info = np.iinfo(tested.numpy)
        inside = [min(max(number, int(info.min)), int(info.max)) for number in self.values]
        return np.array(inside, tested.numpy).reshape(self.shape)


@dataclass(frozen=True)
class Refusal:
    """A mistake that users make.

    Attributes:
        call: the call that is refused.
        error: the class of the error.
        text: all that the error says, without the user's lines that follow.
    """

    call: Callable[[], object]
    error: type[fr.FarrierError]
    text: str


@dataclass(frozen=True)
class Record:
    """A function under test.

    Attributes:
        name: the name of the row, unique; `op` or `op/variant`.
        function: what is tested, on Farrier tensors.
        operands: one random operand for each argument.
        dtypes: the data types to test.
        reference: the same in numpy, exact or in float64: floats arrive as float64, integers and
            bools as they are. None: the primitive's own `reference`, run in float64.
        torch: the same on torch tensors; None where torch has no such function.
        torch_dtypes: the data types on which torch's function is defined; None: all tested.
        tolerance: a factor on the data type's tolerance.
        ops: the primitives that the row covers besides the one it is named for.
        static: sizes that stay numbers where the others become dynamic: a layer's own.
        xla: whether XLA can run it.
        refused: the error cases.
    """

    name: str
    function: Callable[..., Tensor | tuple[Tensor, ...]]
    operands: tuple[Operand, ...]
    dtypes: tuple[dtype, ...] = FLOATS
    reference: Callable[..., Any] | None = None
    torch: Callable[..., Any] | None = None
    torch_dtypes: tuple[dtype, ...] | None = None
    tolerance: float = 1.0
    ops: tuple[str, ...] = field(default=())
    static: tuple[int, ...] = ()
    xla: bool = True
    refused: tuple[Refusal, ...] = ()

    def sample(self, tested: dtype) -> list[Array]:
        """Return the operands' elements, the same at every call."""
        seed = zlib.crc32(f"{self.name}:{tested.name}".encode())
        generator = np.random.default_rng(seed)
        return [operand.random(tested, generator) for operand in self.operands]

    def expected(self, arrays: list[Array]) -> list[Array]:
        """Return the float64 (or exact) results for operands."""
        wide = [_widen(array) for array in arrays]
        with np.errstate(all="ignore"):
            result = self.reference(*wide) if self.reference else self._interpret(wide)
        return [np.asarray(part) for part in (result if isinstance(result, tuple) else (result,))]

    def _interpret(self, arrays: list[Array]) -> Any:
        result = self.function(*[Tensor(array) for array in arrays])
        return (
            tuple(part.numpy() for part in result) if isinstance(result, tuple) else result.numpy()
        )


def _widen(array: Array) -> Array:
    dtype = dtypes.BY_NUMPY[array.dtype]
    return array.astype(np.float64) if dtype.is_floating else array


# By a row's data types: what its op takes, a type that it refuses, and one to cast to.
_TAKES: dict[tuple[dtype, ...], tuple[str, dtype, dtype]] = {
    FLOATS: ("a floating-point number", fr.int32, fr.float32),
    NUMBERS: ("a number", fr.bool, fr.float32),
    FLOATS + SIGNED: ("a number", fr.bool, fr.float32),
    INTEGERS: ("an integer", fr.float32, fr.int32),
    BITS: ("bool or an integer", fr.float32, fr.int32),
    (fr.bool,): ("bool", fr.float32, fr.bool),
}


def wrong_dtype(
    name: str, function: Callable[..., object], tested: tuple[dtype, ...], operands: int = 1
) -> Refusal:
    """Return the refusal of operands of a data type that the op does not take."""
    takes, given, wanted = _TAKES[tested]
    return Refusal(
        lambda: function(*[fr.ones((2, 3), given)] * operands),
        fr.DtypeError,
        f"{name} takes {takes}, but got {given} (2, 3). "
        f"Convert it first, for example with fr.cast(x, fr.{wanted}).",
    )


def unfit(call: Callable[[], object], text: str) -> tuple[Refusal]:
    """Return the refusal of sizes that do not fit the op, or each other."""
    return (Refusal(call, fr.ShapeError, text),)


def unlike_dtypes(name: str, function: Callable[..., object]) -> Refusal:
    """Return the refusal of two operands that differ in their data types."""
    return Refusal(
        lambda: function(fr.ones((2, 3)), fr.ones((2, 3), fr.int32)),
        fr.DtypeError,
        f"{name} takes operands of one data type, but got float32 (2, 3) and int32 (2, 3). "
        "Cast one of them, for example with fr.cast(x, fr.float32).",
    )


def unlike_shapes(name: str, function: Callable[..., object], dtype: dtype = fr.float32) -> Refusal:
    """Return the refusal of two operands that do not broadcast."""
    return Refusal(
        lambda: function(fr.ones((2, 3), dtype), fr.ones((4,), dtype)),
        fr.ShapeError,
        f"{name} cannot broadcast shapes (2, 3) and (4,): dimension -1 has sizes 3 and 4. "
        "Sizes must be equal, or one of them 1.",
    )


def no_such_dim(name: str, function: Callable[..., object], dtype: dtype = fr.float32) -> Refusal:
    """Return the refusal of a dimension that a matrix does not have."""
    return Refusal(
        lambda: function(fr.ones((2, 3), dtype), dim=2),
        fr.ShapeError,
        f"{name} got dim=2, but the tensor has 2 dimensions: dim must be in [-2, 1].",
    )
