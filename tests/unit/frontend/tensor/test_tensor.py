"""Tensor: metadata, evaluation and printing."""

from __future__ import annotations

import gc
import operator
import weakref
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

import farrier as fr
from farrier.tensor import as_tensor
from farrier_compiler.graph import TensorType, Value
from farrier_compiler.ops.evaluate import UnknownValueError
from support.messages import message

MATRIX = fr.Tensor([[1.5, 2, 3], [3, 4, 5]])


def unknown() -> fr.Tensor:
    return fr.Tensor.of(Value(TensorType((2,), fr.float32), name="x"))


@pytest.mark.parametrize(
    ("tensor", "text"),
    [
        (fr.Tensor(2.0), "tensor(2, dtype=float32, loc=cpu:0, shape=())"),
        (fr.Tensor([1, 2, 3]), "tensor([1, 2, 3], dtype=int32, loc=cpu:0, shape=(3,))"),
        (fr.Tensor([[[7]]]), "tensor([[[7]]], dtype=int32, loc=cpu:0, shape=(1, 1, 1))"),
        (fr.zeros((0, 2)), "tensor(\n    [], \n    dtype=float32, loc=cpu:0, shape=(0, 2))"),
        (fr.Tensor([True]), "tensor([True], dtype=bool, loc=cpu:0, shape=(1,))"),
        (
            MATRIX,
            "tensor(\n    [[1.5, 2, 3],\n     [3, 4, 5]], \n"
            "    dtype=float32, loc=cpu:0, shape=(2, 3))",
        ),
        (
            fr.arange(50),
            "tensor([0, 1, 2, ..., 47, 48, 49], dtype=float32, loc=cpu:0, shape=(50,))",
        ),
        (
            fr.arange(12),
            "tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9,\n        10, 11], "
            "dtype=float32, loc=cpu:0, shape=(12,))",
        ),
        (
            fr.iota((1, 12), 1),
            "tensor(\n    [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9,\n      10, 11]], \n"
            "    dtype=float32, loc=cpu:0, shape=(1, 12))",
        ),
        (
            fr.iota((8, 6)),
            "tensor(\n    [[0, 0, 0, 0, 0, 0],\n     [1, 1, 1, 1, 1, 1],\n"
            "     [2, 2, 2, 2, 2, 2],\n     ...,\n     [5, 5, 5, 5, 5, 5],\n"
            "     [6, 6, 6, 6, 6, 6],\n     [7, 7, 7, 7, 7, 7]], \n"
            "    dtype=float32, loc=cpu:0, shape=(8, 6))",
        ),
        (
            fr.Tensor([[[1]], [[2]]]),
            "tensor(\n    [[[1]],\n\n     [[2]]], \n    dtype=int32, loc=cpu:0, shape=(2, 1, 1))",
        ),
        (unknown(), "tensor(<x>, dtype=float32, loc=cpu:0, shape=(2,))"),
    ],
)
def test_repr(tensor: fr.Tensor, text: str) -> None:
    assert repr(tensor) == text


def test_types_are_known_without_values() -> None:
    tensor = unknown() + 1
    assert tensor.shape == (2,)
    assert tensor.size() == (2,)
    assert tensor.size(0) == len(tensor) == 2
    assert tensor.rank == tensor.ndim == 1
    assert tensor.dtype is fr.float32


def test_evaluation_forgets_producers() -> None:
    tensor = MATRIX + 1
    node = weakref.ref(tensor.value)
    assert tensor.value.producer is not None
    assert tensor.eval() is tensor
    assert tensor.value.producer is None
    assert tensor.value.data is not None
    del tensor
    gc.collect()
    assert node() is None


def test_python_numbers_are_returned() -> None:
    assert fr.Tensor(3).item() == int(fr.Tensor(3)) == 3
    assert float(fr.Tensor([[2.5]])) == 2.5
    assert bool(fr.Tensor([0.0])) is False
    assert [10, 20][fr.Tensor(1)] == 20
    assert fr.Tensor([1, 0], dtype=fr.int4).tolist() == [1, 0]
    assert isinstance(fr.Tensor(1.5, dtype=fr.bfloat16).item(), float)


def test_numpy_and_dlpack_protocols() -> None:
    np.testing.assert_array_equal(np.asarray(MATRIX), MATRIX.numpy())
    np.testing.assert_array_equal(np.from_dlpack(MATRIX), MATRIX.numpy())
    result = np.ones(3, np.float32) + fr.Tensor([1.0, 2.0, 3.0])
    assert isinstance(result, fr.Tensor)
    assert result.tolist() == [2.0, 3.0, 4.0]


def test_methods_are_the_functions() -> None:
    assert MATRIX.cast(fr.int32).tolist() == [[1, 2, 3], [3, 4, 5]]
    assert MATRIX.transpose(0, 1).shape == (3, 2)
    assert MATRIX.reshape((3, 2)).shape == (3, 2)
    assert MATRIX.flatten().shape == (6,)
    assert hash(MATRIX) == hash(MATRIX)


def test_methods_take_sizes_and_dims_as_torch_and_numpy_do() -> None:
    x = fr.reshape(fr.arange(6), (1, 2, 3))
    assert x.reshape(3, 2).tolist() == x.reshape((3, 2)).tolist() == [[0, 1], [2, 3], [4, 5]]
    assert x.reshape(-1).shape == x.reshape(shape=(6,)).shape == (6,)
    assert x.permute(2, 0, 1).tolist() == x.permute((2, 0, 1)).tolist()
    assert x.expand(4, -1, 3).tolist() == x.expand((4, -1, 3)).tolist()
    assert x.flip(1, -1).tolist() == x.flip((1, -1)).tolist()
    assert x.transpose(2, 0, 1).shape == (3, 1, 2)
    assert fr.arange(2).permute(0).tolist() == [0, 1]
    with pytest.raises(fr.ShapeError, match=r"^reshape cannot give"):
        x.reshape(4, 2)


def test_tensors_are_not_none() -> None:
    assert None not in [MATRIX, fr.ones(2)]
    nothing: Any = None
    assert operator.eq(MATRIX, nothing) is False
    assert operator.ne(MATRIX, nothing) is True


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("ones_like", " Did you mean: 'farrier.ones_like'?"),
        ("reshap", " Did you mean: 'reshape'?"),
        ("zzz", ""),
        ("_size", ""),
    ],
)
def test_unknown_attributes(name: str, hint: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(MATRIX, name)
    assert str(caught.value) == f"Tensor has no attribute '{name}'.{hint}"


def test_numbers_like_a_tensor() -> None:
    assert as_tensor(2, like=MATRIX).dtype is fr.float32
    assert as_tensor(2).dtype is fr.int32
    assert as_tensor(MATRIX) is MATRIX


@pytest.mark.parametrize("number", [np.float32(2), np.float64(2), np.int64(2), np.int8(2)])
def test_numbers_of_numpy_are_numbers(number: Any) -> None:
    half = fr.ones((2,), fr.float16)
    for result in (half * number, number * half, fr.maximum(half, number)):
        assert (result.dtype, result.tolist()) == (fr.float16, [2.0, 2.0])
    with pytest.raises(fr.DtypeError):
        fr.add(fr.Tensor([1]), cast(Any, np.float32(0.5)))


@pytest.mark.parametrize(
    ("function", "error", "text"),
    [
        (
            lambda: MATRIX.item(),
            fr.ArgumentError,
            "item() needs one element, but the tensor has shape (2, 3).",
        ),
        (
            lambda: bool(MATRIX),
            fr.ArgumentError,
            "A tensor of shape (2, 3) is neither true nor false. Say whether all of its elements "
            "count, with fr.all, or one of them, with fr.any.",
        ),
        (lambda: len(fr.Tensor(1)), fr.ArgumentError, "A scalar tensor has no len()."),
        (
            lambda: [1, 2][fr.Tensor(1.0)],
            fr.DtypeError,
            "Only integers can be an index, not float32.",
        ),
        (
            lambda: list(MATRIX),
            fr.UnsupportedError,
            "Tensors are not iterable: index them, or take them apart with fr.split.",
        ),
        (
            lambda: operator.setitem(MATRIX, 0, 1),  # pyright: ignore[reportArgumentType, reportCallIssue]
            fr.UnsupportedError,
            "Tensors cannot be changed. Make another one with fr.where, fr.masked_fill or "
            "fr.concatenate.",
        ),
        (
            lambda: (unknown() + 1).numpy(),
            UnknownValueError,
            "The value of 'x', float32 (2,), is not known: it is an unset parameter, or an input "
            "of a function that is being traced. Set the parameter (or call reset_parameters()), "
            "and do not evaluate inputs inside a function that is compiled.",
        ),
    ],
)
def test_refusals(function: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        function()
    assert message(caught.value) == text
