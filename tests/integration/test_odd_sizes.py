"""Programs on sizes of 0 and 1, static and dynamic, that IREE refuses unless rewritten."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import farrier as fr
import farrier_runtime
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype
from support.dynamic import assert_as_eager, together
from support.records import Array

SIZES = ({"n": 3, "m": 2}, {"n": 1, "m": 1}, {"n": 0, "m": 0}, {"n": 17, "m": 5})
Shape = tuple[int | str, ...]


@dataclass(frozen=True)
class Case:
    """A function of tensors of some shapes, in which letters stand for dynamic sizes from 0 on."""

    function: Callable[..., Any]
    shapes: Sequence[Shape]
    dtype: dtype = dtypes.float32

    def infos(self) -> list[fr.InputInfo]:
        return [fr.InputInfo([_dimension(size) for size in s], self.dtype) for s in self.shapes]

    def arrays(self, sizes: dict[str, int]) -> list[Array]:
        generator = np.random.default_rng(0)
        shapes = [[sizes.get(str(size), size) for size in shape] for shape in self.shapes]
        return [_numbers(generator, shape, self.dtype) for shape in shapes]


def _dimension(size: int | str) -> int | fr.NamedDimension:
    return size if isinstance(size, int) else fr.NamedDimension(size, 0, 8, 40)


def _numbers(generator: np.random.Generator, shape: Any, dtype: dtype) -> Array:
    numbers = generator.integers(0 if dtype.is_unsigned else -4, 5, shape)
    return numbers.astype(dtype.numpy)


def twice_reduced(y: fr.Tensor, dim: int) -> fr.Tensor:
    return fr.sum(fr.exp(y - fr.sum(y, dim, keepdim=True)), dim)


def counted(x: fr.Tensor, dim: int) -> fr.Tensor:
    return fr.cast(fr.iota_like(x, dim, fr.int32), fr.float32)


def masked(x: fr.Tensor) -> fr.Tensor:
    square = fr.ones((x.shape[0], x.shape[0]))
    return fr.softmax(fr.where(fr.tril(square) > 0, 0.0, -9.0), 1)


def repeated(x: fr.Tensor, y: fr.Tensor) -> fr.Tensor:
    return fr.exp(fr.expand(fr.unsqueeze(x, 0), (y.shape[0], x.shape[0])) / 8.0)


def batched(x: fr.Tensor, y: fr.Tensor) -> fr.Tensor:
    return fr.dot_general(x, y, ((2,), (2,)), ((0,), (0,)))


def normalized(x: fr.Tensor) -> fr.Tensor:
    halves = fr.reshape(x, (x.shape[0], x.shape[1] // 2, 2))
    ones = fr.ones((halves.shape[1],))
    return fr.batch_norm(halves, ones, ones, ones, ones)


def topped(x: fr.Tensor) -> tuple[fr.Tensor, ...]:
    padded = fr.pad(fr.cast(x, fr.float32), [(1, 0)], value=-9.0)
    return fr.topk(fr.log_softmax(padded, 0), 1, 0)


def in_groups(x: fr.Tensor) -> fr.Tensor:
    return fr.convolution(fr.concatenate([x, x], 1), fr.ones((6, x.shape[1], 1, 2)), groups=2)


def joined(*parts: fr.Tensor) -> fr.Tensor:
    return fr.concatenate(parts, 0)


def with_features(x: fr.Tensor, y: fr.Tensor) -> fr.Tensor:
    return fr.batch_norm(x, y, y, y * y, y * y)


def quantized(x: fr.Tensor) -> fr.Tensor:
    scales = fr.ones((3,)) * 0.5
    return fr.dequantize(fr.quantize(x, scales, fr.int8, dim=1), scales, fr.float32, dim=1)


def last_of_rest(x: fr.Tensor) -> fr.Tensor:
    return x[3:][-1]


PRODUCTS: dict[str, tuple[Shape, Shape]] = {
    "one_feature": (("n", 1), (1, 16)),
    "one_of_each": (("n", 1), (1, 1)),
    "two_sizes": (("n", 1), (1, "m")),
    "stack_of_one_feature": (("m", "n", 1), (1, 3)),
    "one_row": ((1, "n"), ("n", 5)),
    "one_column": (("n", 4), (4, 1)),
    "row_by_column": ((1, "n"), ("n", 1)),
    "one_row_of_two_sizes": ((1, "n"), ("n", "m")),
    "row_by_weights": ((1, 4), (4, "n")),
    "one_matrix": ((1, 3, "n"), (1, "n", 5)),
    "rank_3_by_matrix": ((1, 1, "n"), ("n", 5)),
    "vectors": (("n",), ("n",)),
}
CASES = {
    **{f"product_{name}": Case(fr.matmul, shapes) for name, shapes in PRODUCTS.items()},
    "product_of_integers": Case(fr.matmul, [("n", 1), (1, 3)], dtypes.int32),
    "product_of_unsigned": Case(fr.matmul, [("n", 1), (1, 3)], dtypes.uint8),
    "product_of_halves": Case(fr.matmul, [("n", 1), (1, 3)], dtypes.bfloat16),
    "product_of_one_in_a_batch": Case(batched, [("n", 2, 1), ("n", "m", 1)]),
    "outer": Case(fr.outer, [("n",), ("m",)]),
    "cumsum": Case(lambda x: fr.cumsum(x, 0), [("n", 3)]),
    "cumsum_of_two_sizes": Case(lambda x: fr.cumsum(x, 1), [("n", "m")], dtypes.int32),
    "cumsum_of_unsigned": Case(lambda x: fr.cumsum(x, 0), [("n",)], dtypes.uint8),
    "maxpool_of_no_batch": Case(lambda x: fr.maxpool(x, (2,)), [(0, 3, 4)]),
    "avgpool_of_no_batch": Case(lambda x: fr.avgpool(x, (2,)), [(0, 3, 4)]),
    "maxpool_of_no_channels": Case(lambda x: fr.maxpool(x, (2, 1)), [(2, 0, 4, 5)], dtypes.int32),
    "avgpool_of_padding": Case(lambda x: fr.avgpool(x, (2,), padding=[(1, 1)]), [(2, 3, 0)]),
    "cumsum_of_none": Case(lambda x: fr.cumsum(x, 1), [(2, 0)]),
    "sort_of_none": Case(lambda x: fr.sort(x, 1), [(0, 3)]),
    "argmax_of_no_rows": Case(lambda x: fr.argmax(x, 1), [(0, 3)]),
    "sum_of_none": Case(lambda x: fr.sum(x, 0), [(0, 3)]),
    "convolution_of_no_batch": Case(lambda x: fr.convolution(x, fr.ones((2, 3, 2))), [("n", 3, 2)]),
    "convolution_of_no_width": Case(lambda x: fr.convolution(x, fr.ones((2, 3, 1))), [(2, 3, "n")]),
    "convolution_of_groups": Case(in_groups, [(1, "n", 2, 3)]),
    "softmax_of_counts": Case(lambda x: fr.softmax(counted(x, 1), 1), [("n", "m")]),
    "counts_reduced_twice": Case(lambda x: twice_reduced(counted(x, 0), 0), [("n", 2)]),
    "counts_over_one": Case(lambda x: twice_reduced(counted(x, 2), 0), [("n", 1, 1)]),
    "one_number_reduced_twice": Case(lambda x: twice_reduced(fr.full_like(x, 0.5), 0), [("n",)]),
    "scalar_reduced_twice": Case(
        lambda s, x: twice_reduced(fr.expand(s, (x.shape[0],)), 0), [(), ("n",)]
    ),
    "rows_reduced_twice": Case(lambda x, y: twice_reduced(repeated(x, y), 0), [("m",), ("n",)]),
    "mask_reduced_twice": Case(masked, [("n",)]),
    "softmax_of_log_softmax": Case(lambda x: fr.softmax(fr.log_softmax(x, 1), 1), [(4, "n")]),
    "topk_of_log_softmax": Case(topped, [("n",)], dtypes.uint32),
    "greater_than_itself": Case(lambda x: x > x, [("n", 7, "n")], dtypes.bool),
    "equal_to_itself": Case(lambda x: x == x, [("n", 3)], dtypes.int32),
    "product_of_swapped_batches": Case(
        lambda x, y: fr.dot_general(x, y, ((2,), (2,)), ((1,), (0,))), [(2, "n", 1), ("n", "m", 1)]
    ),
    "sort_of_float8": Case(
        lambda x: fr.cast(fr.sort(x, 0, True)[0], fr.float32), [("n", "n", 2)], dtypes.float8
    ),
    "argmax_of_float8": Case(lambda x: fr.argmax(x, 0), [("n", 1)], dtypes.float8),
    "batch_norm_of_divided_sizes": Case(normalized, [(2, "n")]),
    "equal_sizes_joined": Case(joined, [(5, 3, 3), ("m", 3, "n"), (2, 3, "n")]),
    "equal_unsigned_sizes_joined": Case(joined, [(5, 3), (5, "n")], dtypes.uint8),
    "equal_sizes_stacked": Case(lambda x, y: fr.stack([x, y]), [(3,), ("n",)]),
    "equal_features": Case(with_features, [(2, "n", 4), (3,)]),
    "equal_features_of_static_input": Case(with_features, [(2, 3, 4), ("n",)]),
    "equal_scales": Case(quantized, [(2, "n")]),
    "last_of_rest": Case(last_of_rest, [("n",)]),
}


@functools.cache
def compiled() -> dict[str, farrier_runtime.Executable]:
    return together({name: (case.function, case.infos()) for name, case in CASES.items()})


@pytest.mark.parametrize("name", CASES)
def test_compiled_gives_what_eager_does(name: str) -> None:
    case = CASES[name]
    is_dynamic = any(isinstance(size, str) for shape in case.shapes for size in shape)
    for sizes in SIZES if is_dynamic else SIZES[:1]:
        assert_as_eager(compiled()[name], case.function, case.arrays(sizes))


def test_values_are_right() -> None:
    rows = np.array([[2.0], [3.0]], np.float32)
    features = np.array([[1.0] * 15 + [4.0]], np.float32)
    product = np.asarray(compiled()["product_one_feature"](rows, features))
    np.testing.assert_array_equal(product, [[2.0] * 15 + [8.0], [3.0] * 15 + [12.0]])
    none = np.asarray(compiled()["cumsum"](np.zeros((0, 3), np.float32)))
    assert none.shape == (0, 3)
    padded = np.asarray(compiled()["avgpool_of_padding"](np.zeros((2, 3, 0), np.float32)))
    np.testing.assert_array_equal(padded, np.zeros((2, 3, 1)))
    assert np.asarray(compiled()["maxpool_of_no_batch"](np.zeros((0, 3, 4), np.float32))).size == 0


def test_an_index_outside_a_slice_is_refused() -> None:
    run = compiled()["last_of_rest"]
    assert assert_as_eager(run, last_of_rest, [np.arange(5, dtype=np.float32)])
    for count in (0, 2, 3):
        assert not assert_as_eager(run, last_of_rest, [np.ones(count, np.float32)])
