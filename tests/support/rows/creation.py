"""Rows of the functions that make tensors; `+ x` makes the data type the tested one."""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

import numpy as np

import farrier as fr
from farrier.tensor import apply
from farrier_compiler.ops.creation import SizeOf
from farrier_runtime import dtypes
from support.records import ANY, NUMBERS, Operand, Record

SCALAR = Operand(())

LARGE = np.arange(1200).reshape(2, 600) % 113

ROWS = [
    Record(
        "size_of",  # where the sizes are dynamic, that is
        lambda x: x * apply(SizeOf(x.sizes[0] * 2)),
        (Operand((3, 4)),),
        dtypes=(dtypes.int32,),
        reference=lambda x: x * 2 * x.shape[0],
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
    ),
    Record(
        "full",
        lambda x: fr.full((2, 3), 2, x.dtype) * x,
        (SCALAR,),
        dtypes=NUMBERS,
        reference=lambda x: np.full((2, 3), 2) * x,
    ),
    Record(
        "full/tensor",
        lambda x: fr.full((2, 3), x, x.dtype),
        (SCALAR,),
        dtypes=ANY,
        reference=lambda x: np.full((2, 3), x),
    ),
    Record("full_like", lambda x: fr.full_like(x, 1) + x, (Operand((2, 3)),), dtypes=ANY),
    Record("ones", lambda x: fr.ones((2, 3), x.dtype) + x, (SCALAR,), dtypes=ANY),
    Record("zeros", lambda x: fr.zeros((2, 3), x.dtype) + x, (SCALAR,), dtypes=ANY),
    Record(
        "iota",
        lambda x: fr.iota((3, 4), 0, x.dtype) + x,
        (SCALAR,),
        dtypes=NUMBERS,
        reference=lambda x: np.arange(3)[:, None].repeat(4, 1).astype(x.dtype) + x,
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
    ),
    Record(
        "tril",
        fr.tril,
        (Operand((2, 4, 5)),),
        dtypes=ANY,
        reference=np.tril,
        torch=lambda x: x.tril(),
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
