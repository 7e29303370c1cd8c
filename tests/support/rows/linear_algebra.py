"""Rows of matrix products."""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

from typing import Any

import numpy as np

import farrier as fr
from farrier_runtime import dtypes
from support.records import FLOATS, INTEGERS, NUMBERS, Operand, Record, Refusal, unfit
from support.rows.shape import ON_TORCH


def _matmul(name: str, left: tuple[int, ...], right: tuple[int, ...], **options: Any) -> Record:
    options.setdefault("dtypes", (dtypes.float32,))
    return Record(
        f"matmul/{name}" if name else "matmul",
        fr.matmul,
        (Operand(left), Operand(right)),
        reference=np.matmul,
        torch=lambda x, y: x @ y,
        torch_dtypes=ON_TORCH,
        tolerance=2,
        **options,
    )


def _dot_general(
    name: str,
    equation: str,
    operands: tuple[Operand, Operand],
    dims: tuple[Any, ...],
    **options: Any,
) -> Record:
    def reference(x: Any, y: Any) -> Any:
        return np.einsum(equation, *(_wide(x), _wide(y)))

    def torch_einsum(x: Any, y: Any) -> Any:
        import torch

        return torch.einsum(equation, x, y)

    options.setdefault("torch", torch_einsum)
    return Record(
        f"dot_general/{name}",
        lambda x, y: fr.dot_general(x, y, *dims),
        operands,
        reference=reference,
        torch_dtypes=FLOATS,
        tolerance=2,
        **options,
    )


def _wide(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return x.astype(np.int64) if x.dtype.kind in "iu" else x


def _unsigned(name: str, dtype: fr.dtype, result: fr.dtype) -> Record:
    """Numbers with the highest bit set must not be taken for negative ones."""
    highest = 2**dtype.bits - 1
    operands = Operand((3, 9), 0, highest), Operand((9, 4), 0, highest)

    def function(x: fr.Tensor, y: fr.Tensor) -> fr.Tensor:
        return fr.cast(x, result) @ fr.cast(y, result)

    return Record(f"matmul/{name}", function, operands, (dtype,), lambda x, y: _wide(x) @ _wide(y))


MATRIX = fr.ones((2, 3))

ROWS = [
    _matmul(
        "",
        (5, 7),
        (7, 3),
        dtypes=NUMBERS,
        refused=unfit(
            lambda: MATRIX @ MATRIX,
            "matmul got float32 (2, 3) and float32 (2, 3): the last size of the left operand, 3, "
            "must be equal to the last but one size of the right operand, 2.",
        ),
    ),
    _matmul("vectors", (7,), (7,), dtypes=NUMBERS),
    _matmul("vector_matrix", (7,), (7, 3)),
    _matmul("matrix_vector", (5, 7), (7,)),
    _matmul("vector_batch", (7,), (2, 7, 3)),
    _matmul("batch_vector", (2, 5, 7), (7,)),
    _matmul("batch", (2, 5, 7), (2, 7, 3), dtypes=NUMBERS),
    _matmul("batch_matrix", (2, 4, 5, 7), (7, 3)),
    _matmul("matrix_batch", (5, 7), (2, 4, 7, 3)),
    _matmul("broadcast", (2, 1, 5, 7), (4, 7, 3)),
    _matmul("broadcast_both", (2, 1, 3, 5, 7), (4, 1, 7, 3)),
    _matmul("one_batch", (1, 5, 7), (4, 7, 3)),
    _matmul("nothing_to_sum", (5, 0), (0, 3)),
    _matmul("no_rows", (0, 7), (7, 3)),
    _unsigned("uint8_as_float32", dtypes.uint8, dtypes.float32),
    _unsigned("uint8_as_int32", dtypes.uint8, dtypes.int32),
    _unsigned("uint16_as_float32", dtypes.uint16, dtypes.float32),
    _unsigned("uint32_as_int64", dtypes.uint32, dtypes.int64),
    Record(
        "matmul/bool_as_float32",  # IREE's data tiling refuses converts of bool in a product
        lambda x, y: fr.cast(x, fr.float32) @ fr.cast(y, fr.float32),
        (Operand((3, 9)), Operand((9, 4))),
        (dtypes.bool,),
        lambda x, y: x.astype(int) @ y.astype(int),
    ),
    _dot_general(
        "transposed",
        "mk,nk->mn",
        (Operand((5, 7)), Operand((3, 7))),
        (((1,), (1,)),),
        dtypes=NUMBERS,
        refused=unfit(
            lambda: fr.dot_general(MATRIX, MATRIX, ((1,), (0,))),
            "dot_general got the contracting dims (1,) of float32 (2, 3) and (0,) of float32 "
            "(2, 3): their sizes, (3,) and (2,), must be equal.",
        ),
    ),
    _dot_general(
        "batch_behind",
        "mkb,bnk->bmn",
        (Operand((5, 7, 2)), Operand((2, 3, 7))),
        (((1,), (2,)), ((2,), (0,))),
        dtypes=NUMBERS,
    ),
    _dot_general(
        "two_sums", "mab,bna->mn", (Operand((5, 4, 3)), Operand((3, 6, 4))), (((1, 2), (2, 0)),)
    ),
    _dot_general("no_sum", "m,n->mn", (Operand((5,)), Operand((4,))), (((), ()),)),
    _dot_general(
        "int32_sums",
        "mk,kn->mn",
        (Operand((5, 300), -128, 255), Operand((300, 4), -128, 255)),
        (((1,), (0,)), ((), ()), dtypes.int32),
        dtypes=(dtypes.int8, dtypes.uint8, dtypes.int16),
        torch=None,
    ),
    _dot_general(
        "int64_sums",
        "mk,kn->mn",
        (Operand((5, 9), 0, 2**31 - 1), Operand((9, 4), 0, 1000)),
        (((1,), (0,)), ((), ()), dtypes.int64),
        dtypes=(dtypes.int32, dtypes.uint32),
        torch=None,
    ),
    _dot_general(
        "float32_sums",
        "mk,kn->mn",
        (Operand((5, 33)), Operand((33, 4))),
        (((1,), (0,)), ((), ()), dtypes.float32),
        dtypes=(dtypes.float16, dtypes.bfloat16),
        torch=None,
    ),
    Record(
        "outer",
        fr.outer,
        (Operand((5,)), Operand((4,))),
        NUMBERS,
        np.outer,
        lambda x, y: x.outer(y),
        torch_dtypes=ON_TORCH,
        refused=(
            *unfit(
                lambda: fr.outer(MATRIX, fr.ones((2,))),
                "outer takes two vectors, but got float32 (2, 3) and float32 (2,).",
            ),
            Refusal(
                lambda: fr.outer(fr.ones(2), fr.ones(3, fr.int32)),
                fr.DtypeError,
                "outer takes operands of one data type, but got float32 (2,) and int32 (3,). "
                "Cast one of them, for example with fr.cast(x, fr.float32).",
            ),
        ),
    ),
    Record(
        "matmul/wraps",
        fr.matmul,
        (Operand((3, 9), -100, 200), Operand((9, 4), -100, 200)),
        INTEGERS,
        np.matmul,
    ),
]
