"""Tensor: a lazy handle on a value of the op graph."""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn
from weakref import ref

import numpy as np

from farrier.other_names import method_hint
from farrier.tensor.eager import evaluate
from farrier.tensor.formatting import format_elements, plain
from farrier.tensor.functions import functions
from farrier.tensor.interop import Number, as_array, fit
from farrier.tensor.methods import Methods
from farrier.tensor.operators import Operators
from farrier.tensor.tracing import tracing, warn_of_evaluation, warn_of_printing
from farrier_compiler.diagnostics import explain, here
from farrier_compiler.graph import Node, TensorType, Value, constant
from farrier_compiler.ops.elementwise import Cast
from farrier_compiler.ops.evaluate import UnknownValueError
from farrier_compiler.sizes import SymbolicSize
from farrier_compiler.types.uniform import MOST_SCALES, Quantization
from farrier_runtime.devices import device
from farrier_runtime.dlpack import to_capsule
from farrier_runtime.dtypes import BY_NUMPY, DtypeLike, dtype, dtype_of
from farrier_runtime.errors import (
    ArgumentError,
    DtypeError,
    FarrierError,
    ShapeError,
    UnsupportedError,
)
from farrier_runtime.wording import shown

if TYPE_CHECKING:
    from farrier_compiler.graph import Array, Op


class Tensor(Operators["Tensor"], Methods["Tensor"]):
    """A multi-dimensional array whose elements are computed when they are needed.

    Args:
        data: a number, nested lists of numbers, or an array of numpy, torch, jax or any library
            that supports DLPack. An array's memory is shared, not copied.
        dtype: the data type; by default int32, float32 and bool for Python's numbers, and the
            array's own. An array is converted only if this is given.
        device: ignored, for compatibility only: eager tensors live on the CPU.
        name: a name that graph dumps and error messages show.

    Raises:
        ArgumentError: the data cannot be converted to an array.
        DtypeError: Farrier lacks the data type.

    Example:
        >>> fr.Tensor([1.5, 2, 3])
        tensor([1.5, 2, 3], dtype=float32, loc=cpu:0, shape=(3,))
    """

    __slots__ = ("__weakref__", "value")
    __array_priority__ = 10000
    value: Value

    def __init__(
        self,
        data: Any,
        dtype: DtypeLike | None = None,
        device: device | None = None,
        name: str | None = None,
    ) -> None:
        try:
            if data is None or isinstance(data, Tensor):
                raise ArgumentError(
                    f"A tensor cannot be made from {'None' if data is None else 'a Tensor'}. "
                    "Pass a number, nested lists or an array; copy a tensor with fr.copy."
                )
            wanted = None if dtype is None else _checked(dtype)
            array = as_array(data, wanted, convert=True)
        except FarrierError as error:
            raise explain(error) from None
        self.value = constant(array, BY_NUMPY[array.dtype], name, here())

    @classmethod
    def of(cls, value: Value) -> Tensor:
        """Return a tensor for a value of the op graph."""
        tensor = object.__new__(Tensor)
        tensor.value = value
        value.holder = ref(tensor)
        return tensor

    # ------------------------------------------------------------------ known without evaluation

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each dimension: an int, or a `DimensionSize` for a dynamic dimension."""
        shape = self.value.type.shape
        for size in shape:
            if type(size) is not int:
                return functions["user_shape"](shape)
        return shape

    @property
    def sizes(self) -> tuple[int, ...]:
        """The shape for ops: an int, or a symbolic size for a dynamic dimension."""
        return self.value.type.shape

    @property
    def dtype(self) -> dtype:
        """The data type of the elements."""
        return self.value.type.dtype

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return len(self.value.type.shape)

    ndim = rank

    @property
    def device(self) -> device:
        """The device that holds the elements."""
        return device("cpu")

    @property
    def name(self) -> str | None:
        """The name that graph dumps and error messages show."""
        return self.value.name

    @name.setter
    def name(self, name: str) -> None:
        self.value.name = name

    if not TYPE_CHECKING:  # type checkers know the attributes, and report others

        def __getattr__(self, name: str) -> Any:
            hint = method_hint(name, dir(Tensor), functions)
            raise AttributeError(f"Tensor has no attribute '{name}'.{hint}")

        def __setitem__(self, index: Any, value: Any) -> NoReturn:
            raise explain(
                UnsupportedError(
                    "Tensors cannot be changed. Make another one with fr.where, fr.masked_fill or "
                    "fr.concatenate."
                )
            )

    def size(self, dim: int | None = None) -> tuple[int, ...] | int:
        """Return the shape, or the size of one dimension, as torch's method does."""
        if dim is None:
            return self.shape
        try:
            return self.shape[dim]
        except (IndexError, TypeError):
            problem = f"size got dim={shown(dim)}, but the tensor has {self.rank} dimensions."
            raise explain(ShapeError(problem), [("input", self.value)]) from None

    def adapted_to(self, like: Tensor) -> Tensor:
        """Return this tensor as an operand beside another; sizes adopt the other's data type."""
        return self

    def __len__(self) -> int:
        if not self.shape:
            raise explain(ArgumentError("A scalar tensor has no len()."))
        return self.shape[0]

    # ------------------------------------------------------------------ evaluation

    def eval(self) -> Tensor:
        """Compute the elements now, and return this tensor.

        Raises:
            UnknownValueError: the tensor depends on an input of a function that is being traced,
                or on an unset parameter.
        """
        self.numpy()
        return self

    def __getstate__(self) -> object:
        """Return what a pickle or a deep copy keeps: the elements, not how they are computed."""
        if self.value.producer is not None:
            self.numpy()
        return super().__getstate__()

    def numpy(self) -> Array:
        """Return the elements as a numpy array, which must not be written to."""
        elements = self.elements()
        if tracing.get():
            warn_of_evaluation(self.value)
        return elements

    def elements(self) -> Array:
        """Return the elements as `numpy` does, but without a warning while a function is traced."""
        if self.value.data is None:
            try:
                evaluate([self.value])
            except (UnknownValueError, ArgumentError) as error:
                raise explain(error, [("tensor", self.value)]) from None
        data = self.value.data
        assert data is not None
        return data

    def tolist(self) -> Any:
        """Return the elements as nested lists of Python numbers."""
        return plain(self.numpy()).tolist()

    def item(self) -> Number:
        """Return the only element as a Python number.

        Raises:
            ArgumentError: there are several elements, or none.
        """
        if self.value.type.size != 1:
            raise explain(
                ArgumentError(f"item() needs one element, but the tensor has shape {self.shape}."),
                [("tensor", self.value)],
            )
        return plain(self.numpy()).item()

    def __bool__(self) -> bool:
        if self.value.type.size != 1:
            problem = (
                f"A tensor of shape {self.shape} is neither true nor false. "
                "Say whether all of its elements count, with fr.all, or one of them, with fr.any."
            )
            raise explain(ArgumentError(problem), [("tensor", self.value)])
        return bool(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __index__(self) -> int:
        if not self.dtype.is_integer:
            raise explain(DtypeError(f"Only integers can be an index, not {self.dtype}."))
        return int(self.item())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __dlpack__(self, stream: Any = None, **options: Any) -> Any:
        return to_capsule(self.numpy(), stream=stream, **options)

    def __dlpack_device__(self) -> Any:
        return self.numpy().__dlpack_device__()

    def __contains__(self, element: object) -> bool:
        raise explain(
            UnsupportedError(
                "Tensors do not support `in`: write fr.any(x == value), and evaluate it."
            )
        )

    def __iter__(self) -> Iterator[Tensor]:
        raise explain(
            UnsupportedError(
                "Tensors are not iterable: index them, or take them apart with fr.split."
            )
        )

    def __str__(self) -> str:
        if tracing.get():
            warn_of_printing(self.value)
        return repr(self)

    def __repr__(self) -> str:
        attributes = f"dtype={self.dtype}, loc={self.device}, shape={self.shape}"
        try:
            data = self.elements()
        except UnknownValueError:
            return f"tensor(<{self.value.name or 'unknown'}>, {attributes})"
        text = format_elements(data)
        if len(self.shape) <= 1 or set(self.shape) == {1}:
            aligned = text.replace("\n", "\n" + " " * len("tensor("))
            return f"tensor({aligned}, {attributes})"
        indented = textwrap.indent(text, " " * 4)  # which leaves empty lines empty
        return f"tensor(\n{indented}, \n    {attributes})"

    # ------------------------------------------------------------------ quantised tensors

    def q_scale(self) -> float | Tensor:
        """Return the scale that this tensor was quantised with: a float, or one for each part.

        Raises:
            ArgumentError: `quantize` did not make it, or its scale was not constant.

        Example:
            >>> fr.quantize(fr.Tensor([1.0, 2.0]), 0.5, fr.int8).q_scale()
            0.5
        """
        quantization = self._quantization("q_scale")
        shape = quantization.parameter_shape(self.value.type.shape)
        if not shape:
            return quantization.scale[0]
        return Tensor(np.array(quantization.scale, quantization.expressed.numpy).reshape(shape))

    def q_zero_point(self) -> int | Tensor:
        """Return the zero point that this tensor was quantised with: an int, or one per scale.

        Raises:
            ArgumentError: `quantize` did not make it, or its parameters were not constant.

        Example:
            >>> fr.quantize(fr.Tensor([1.0]), [0.5], fr.uint8, 0, 128).q_zero_point()
            tensor([128], dtype=uint8, loc=cpu:0, shape=(1,))
        """
        quantization = self._quantization("q_zero_point")
        shape = quantization.parameter_shape(self.value.type.shape)
        if not shape:
            return quantization.zero_point[0]
        return Tensor(np.array(quantization.zero_point, self.dtype.numpy).reshape(shape))

    def _quantization(self, name: str) -> Quantization:
        quantization = self.value.type.quantization
        if quantization is None:
            problem = (
                f"{name}() needs a tensor that fr.quantize made by constant scales and zero points "
                f"(no more than {MOST_SCALES}), but got {self.value.type.describe()}."
            )
            raise explain(ArgumentError(problem), [("tensor", self.value)])
        return quantization

    def int_repr(self) -> Tensor:
        """Return the integers that a quantised tensor is stored as, as a plain tensor.

        Example:
            >>> fr.quantize(fr.Tensor([1.0, 2.0]), 0.5, fr.int8).int_repr()
            tensor([2, 4], dtype=int8, loc=cpu:0, shape=(2,))
        """
        if self.value.type.quantization is None:
            return self
        return apply(Cast(self.dtype), self)


def _checked(given: DtypeLike) -> dtype:
    wanted = dtype_of(given)
    if wanted is None:
        raise DtypeError(f"A tensor needs a data type such as fr.float32, not {shown(given)}.")
    return wanted


_NUMBERS: tuple[type, ...] = (  # not np.signedinteger, which includes timedelta64; nor Python's own
    *(np.int8, np.int16, np.int32, np.int64, np.longlong, np.unsignedinteger),
    *(np.float16, np.float32, np.bool_),
)


def apply(op: Op, *tensors: Tensor) -> Tensor:
    """Record an op on tensors and return its result.

    Raises:
        FarrierError: the op refuses the operands; the text shows the user's line.
    """
    return Tensor.of(record(op, tensors).results[0])


def record(op: Op, tensors: Sequence[Any]) -> Node:
    """Record an op on tensors or arrays, and return its node."""
    values = [x.value if isinstance(x, Tensor) else Tensor(x).value for x in tensors]
    try:
        node = Node(op, values, here())
        op.check_operands(values)
        return node
    except FarrierError as error:
        names = op.operand_names(len(values))
        raise explain(error, list(zip(names, values, strict=True))) from None


def as_tensor(data: Tensor | Any, like: Tensor | None = None) -> Tensor:
    """Return `data` as a tensor; a Python number takes the data type of `like`.

    Raises:
        DtypeError: the number does not fit into that data type.
    """
    if isinstance(data, Tensor):
        return data if like is None else data.adapted_to(like)
    if like is None:
        return Tensor(data)
    if not isinstance(data, int | float | SymbolicSize):
        return as_tensor(data.item(), like) if isinstance(data, _NUMBERS) else Tensor(data)
    if isinstance(data, SymbolicSize):
        return as_tensor(functions["tensor_of_size"](data), like)
    wanted = like.value.type.dtype
    try:  # zeros bypass the cache, to which 0.0 and -0.0 are equal
        array = _cached_number(data, wanted) if data else fit(np.asarray(data), wanted)
    except FarrierError as error:
        raise explain(error, [("operand", like.value)]) from None
    return Tensor.of(Value(TensorType((), wanted), None, array))


@functools.lru_cache(1024, typed=True)
def _cached_number(data: float, wanted: dtype) -> Array:
    return fit(np.asarray(data), wanted)
