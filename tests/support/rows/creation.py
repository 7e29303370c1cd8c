"""Rows of the functions that create tensors; `+ x` gives them the tested data type."""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import farrier as fr
from farrier.tensor import apply
from farrier_compiler.ops.creation import SizeOf
from farrier_runtime import dtypes
from support.records import ANY, NUMBERS, Operand, Record, Refusal

SCALAR = Operand(())

LARGE = np.arange(1200).reshape(2, 600) % 113


def _bad_argument(call: Callable[[], object], text: str) -> tuple[Refusal]:
    return (Refusal(call, fr.ArgumentError, text),)


def _wrong_dtype(call: Callable[[], object], text: str) -> tuple[Refusal]:
    return (Refusal(call, fr.DtypeError, text),)


def _no_matrix(name: str) -> tuple[Refusal]:
    function = getattr(fr, name)
    text = f"{name} needs a matrix, but got float32 (3,)."
    return (Refusal(lambda: function(fr.ones(3)), fr.ShapeError, text),)


ROWS = [
    Record(
        "size_of",  # an op only where the sizes are dynamic
        lambda x: x * apply(SizeOf(x.sizes[0] * 2)),
        (Operand((3, 4)),),
        dtypes=(dtypes.int32,),
        reference=lambda x: x * 2 * x.shape[0],
        refused=_wrong_dtype(
            lambda: fr.ones((2,), fr.uint8) * fr.DimensionSize(300),
            "The size '300' may be 300, which uint8 cannot hold. "
            "Cast the other operand, for example with fr.cast(x, fr.int32).",
        ),
    ),
    Record(
        "size_of/number",
        lambda x: x / x.shape[0] + x.shape[1],
        (Operand((3, 4)),),
        reference=lambda x: x / x.shape[0] + x.shape[1],
    ),
    Record(
        "constant",  # of more than 1 KiB, which MLIR refers to
        lambda x: fr.Tensor(LARGE.astype(x.dtype.numpy)) + x,
        (Operand((), 1, 5),),
        dtypes=ANY,
        reference=lambda x: LARGE.astype(x.dtype) + x,
        xla=False,  # `Only dense elements attr are supported`
        refused=_wrong_dtype(
            lambda: fr.Tensor([1, 300], fr.int8), "[1, 300] does not fit into int8."
        ),
    ),
    Record(
        "full",
        lambda x: fr.full((2, 3), 2, x.dtype) * x,
        (SCALAR,),
        dtypes=NUMBERS,
        reference=lambda x: np.full((2, 3), 2) * x,
        refused=_bad_argument(
            lambda: fr.full((2, -1), 1), "full needs sizes >= 0, but got the shape (2, -1)."
        ),
    ),
    Record(
        "full/tensor",
        lambda x: fr.full((2, 3), x, x.dtype),
        (SCALAR,),
        dtypes=ANY,
        reference=lambda x: np.full((2, 3), x),
        refused=(
            Refusal(
                lambda: fr.full((2, 3), fr.ones(4)),
                fr.ShapeError,
                "full cannot give float32 (4,) the sizes (2, 3). Only dimensions of size 1 change; "
                "-1 keeps a size, and new dimensions are in front.",
            ),
        ),
    ),
    Record(
        "full_like",
        lambda x: fr.full_like(x, 1) + x,
        (Operand((2, 3)),),
        dtypes=ANY,
        refused=(
            *_wrong_dtype(
                lambda: fr.full_like(fr.ones(2, fr.int8), 300), "300 does not fit into int8."
            ),
            *_bad_argument(
                lambda: fr.full_like(fr.ones(2), 1, "f32"),  # pyright: ignore[reportArgumentType]
                "full_like needs a data type such as fr.float32, not 'f32'.",
            ),
        ),
    ),
    Record(
        "ones",
        lambda x: fr.ones((2, 3), x.dtype) + x,
        (SCALAR,),
        dtypes=ANY,
        refused=_bad_argument(
            lambda: fr.ones((2, 2.5)),  # pyright: ignore[reportArgumentType]
            "ones's shape takes integers, but got (2, 2.5).",
        ),
    ),
    Record(
        "zeros",
        lambda x: fr.zeros((2, 3), x.dtype) + x,
        (SCALAR,),
        dtypes=ANY,
        refused=_bad_argument(
            lambda: fr.zeros(2, "f32"),  # pyright: ignore[reportArgumentType]
            "zeros needs a data type such as fr.float32, not 'f32'.",
        ),
    ),
    Record(
        "iota",
        lambda x: fr.iota((3, 4), 0, x.dtype) + x,
        (SCALAR,),
        dtypes=NUMBERS,
        reference=lambda x: np.arange(3)[:, None].repeat(4, 1).astype(x.dtype) + x,
        refused=_wrong_dtype(
            lambda: fr.iota(2, dtype=fr.bool),
            "iota counts in numbers, not in bool: pass a number type.",
        ),
    ),
    Record(
        "iota/last",
        lambda x: fr.iota((3, 4), -1, x.dtype) + x,
        (SCALAR,),
        dtypes=NUMBERS,
        reference=lambda x: np.arange(4)[None].repeat(3, 0).astype(x.dtype) + x,
    ),
    Record(
        "arange",
        lambda x: fr.arange(1, 14, 4, x.dtype) + x,
        (SCALAR,),
        dtypes=NUMBERS,
        reference=lambda x: np.arange(1, 14, 4).astype(x.dtype) + x,
        refused=_bad_argument(
            lambda: fr.arange(3, 1),
            "arange from 3 to 1 in steps of 1 leads away from the stop. "
            "Let the stop lie beyond the start, in the direction of the step.",
        ),
    ),
    Record(
        "tril",
        fr.tril,
        (Operand((2, 4, 5)),),
        dtypes=ANY,
        reference=np.tril,
        torch=lambda x: x.tril(),
        refused=_no_matrix("tril"),
    ),
    Record(
        "tril/diagonal",
        lambda x: fr.tril(x, -1),
        (Operand((4, 5)),),
        dtypes=ANY,
        reference=lambda x: np.tril(x, -1),
        torch=lambda x: x.tril(-1),
    ),
    Record(
        "triu",
        fr.triu,
        (Operand((2, 4, 5)),),
        dtypes=ANY,
        reference=np.triu,
        torch=lambda x: x.triu(),
        refused=_no_matrix("triu"),
    ),
    Record(
        "triu/diagonal",
        lambda x: fr.triu(x, 1),
        (Operand((4, 5)),),
        dtypes=ANY,
        reference=lambda x: np.triu(x, 1),
        torch=lambda x: x.triu(1),
    ),
]
