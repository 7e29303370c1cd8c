"""Matrix products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from farrier.ops.arguments import normal_dims, refuse, same_dtype
from farrier.ops.arithmetic import multiply
from farrier.ops.conversion import check_dtype
from farrier.ops.shape import broadcast, permute, reshape, unsqueeze
from farrier.tensor import Tensor, apply, as_tensor
from farrier_compiler.graph import TensorType
from farrier_compiler.ops.checks import broadcast_shapes, check_domain, in_domain
from farrier_compiler.ops.linear_algebra import DotGeneral
from farrier_compiler.sizes.requirements import equal
from farrier_runtime.dtypes import DtypeLike
from farrier_runtime.errors import ArgumentError, DtypeError, ShapeError
from farrier_runtime.wording import shown

__all__ = ["dot_general", "matmul", "outer"]


def matmul(left: Tensor, right: Tensor) -> Tensor:
    """Multiply matrices, as `left @ right` does.

    Args:
        left: (..., M, K), or (K,), which is treated as one row and dropped from the result.
        right: (..., K, N), or (K,), which is treated as one column and dropped from the result.
            The leading dimensions of the two broadcast.

    Returns:
        The products, (..., M, N).

    Raises:
        ShapeError: the inner sizes differ, the leading ones do not broadcast, or one is a scalar.
        DtypeError: the data types differ.

    Example:
        >>> fr.matmul(fr.Tensor([[1.0, 2.0]]), fr.Tensor([[3.0], [4.0]]))
        tensor([[11]], dtype=float32, loc=cpu:0, shape=(1, 1))
    """
    left, right = as_tensor(left), as_tensor(right)
    a, b = left.value.type, right.value.type
    rows = min(b.rank, 2)
    if a.dtype is not b.dtype or not in_domain(a.dtype, "number"):
        _check_dtypes(left, right)
    if not a.rank or not b.rank or not equal(a.shape[-1], b.shape[-rows]):
        raise refuse(ShapeError(_mismatch(a, b)), left=left, right=right)
    if a.rank <= 2 and b.rank <= 2:
        return apply(DotGeneral((), (), (a.rank - 1,), (b.rank - rows,)), left, right)
    return _batched(left, right)


def _check_dtypes(left: Tensor, right: Tensor) -> None:
    same_dtype("matmul", left=left, right=right)
    try:
        check_domain("matmul", left.value.type, "number")
    except DtypeError as error:
        raise refuse(error, left=left, right=right) from None


def _mismatch(a: TensorType, b: TensorType) -> str:
    if not a.rank or not b.rank:
        return (
            f"matmul does not take scalars, but got {a.describe()} and {b.describe()}. "
            "Multiply by a scalar with '*'."
        )
    return (
        f"matmul got {a.describe()} and {b.describe()}: the last size of the left operand, "
        f"{a.shape[-1]}, must be equal to the {'last but one' if b.rank > 1 else 'only'} size of "
        f"the right operand, {b.shape[-min(b.rank, 2)]}."
    )


def _batched(left: Tensor, right: Tensor) -> Tensor:
    """Contract without broadcasting: a dim that one operand lacks is a free dim of the other."""
    a, b = left.sizes[:-2], right.sizes[:-2]
    try:
        batch = broadcast_shapes("matmul", (a, b))
    except ShapeError as error:
        raise refuse(error, left=left, right=right) from None
    left, right = (_aligned(tensor, batch, other) for tensor, other in ((left, b), (right, a)))
    a, b = left.sizes[:-2], right.sizes[:-2]
    rank = len(batch)
    ours, theirs = (1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b
    extra = rank - len(a), rank - len(b)
    shared = [dim for dim in range(max(extra), rank) if ours[dim] == theirs[dim]]
    only_left = _unshared(shared, extra[0], ours, theirs)
    only_right = [dim for dim in range(rank) if dim not in shared and dim not in only_left]
    lhs, lhs_dims = _keep(left, sorted(shared + only_left), extra[0])
    rhs, rhs_dims = _keep(right, sorted(shared + only_right), extra[1])
    op = DotGeneral(
        tuple(lhs_dims.index(dim) for dim in shared),
        tuple(rhs_dims.index(dim) for dim in shared),
        (lhs.rank - 1,),
        (len(rhs_dims),),
    )
    labels = shared + only_left + [rank] * (left.rank > 1) + only_right
    labels += [rank + 1] * (right.rank > 1)
    order = tuple(labels.index(label) for label in sorted(labels))
    product = apply(op, lhs, rhs)
    return product if list(order) == sorted(order) else permute(product, order)


def _aligned(tensor: Tensor, batch: tuple[int, ...], other: tuple[int, ...]) -> Tensor:
    """Broadcast along dynamic batch dims in which either operand may have size 1."""
    own = tensor.sizes[:-2]
    shape = list(tensor.sizes)
    for dim in range(-1, -min(len(own), len(other)) - 1, -1):
        if own[dim] != other[dim] and 1 not in (own[dim], other[dim]):
            shape[dim - 2] = batch[dim]
    return broadcast(tensor, tuple(shape), tuple(range(tensor.rank)))


def _unshared(
    shared: list[int], first: int, ours: tuple[int, ...], theirs: tuple[int, ...]
) -> list[int]:
    """Return the batch dims along which only the left operand varies."""
    return [
        dim
        for dim in range(first, len(ours))
        if dim not in shared and (theirs[dim] == 1 or ours[dim] == theirs[dim])
    ]


def _keep(tensor: Tensor, kept: list[int], missing: int) -> tuple[Tensor, list[int]]:
    """Drop the batch dims that are not kept, whose size is 1."""
    shape = (*(tensor.sizes[dim - missing] for dim in kept), *tensor.sizes[-2:])
    return (tensor if shape == tensor.sizes else reshape(tensor, shape)), kept


def dot_general(
    left: Tensor,
    right: Tensor,
    contracting_dims: tuple[Sequence[int], Sequence[int]],
    batch_dims: tuple[Sequence[int], Sequence[int]] = ((), ()),
    dtype: DtypeLike | None = None,
) -> Tensor:
    """Sum products over any dimensions; the general form of `matmul`.

    Args:
        left: a tensor of numbers.
        right: a tensor of the same data type.
        contracting_dims: the left and the right operand's dimensions to sum over, pairwise.
        batch_dims: the batch dimensions of both, pairwise.
        dtype: the result's data type, in which the sums are computed; by default the operands'.
            16-bit floats are summed in float32 and rounded once.

    Returns:
        A tensor with the batch dimensions, then the left and the right operand's other ones.

    Raises:
        ShapeError: a dimension does not exist, or the sizes of a pair differ.
        DtypeError: the data types differ.
        ArgumentError: dims are not a pair, or `dtype` is not a data type.

    Example:
        >>> fr.dot_general(fr.ones((2, 3)), fr.ones((4, 3)), ((1,), (1,))).shape
        (2, 4)
    """
    left, right = as_tensor(left), as_tensor(right)
    lhs_batch, rhs_batch = _dims_of_both("batch_dims", left, right, batch_dims)
    lhs_dims, rhs_dims = _dims_of_both("contracting_dims", left, right, contracting_dims)
    wanted = None if dtype is None else check_dtype("dot_general", dtype)
    return apply(DotGeneral(lhs_batch, rhs_batch, lhs_dims, rhs_dims, wanted), left, right)


def _dims_of_both(name: str, left: Tensor, right: Tensor, dims: Any) -> list[tuple[int, ...]]:
    """Return the left and the right operand's dims as non-negative dims."""
    if not isinstance(dims, tuple | list) or len(cast("Any", dims)) != 2:
        problem = (
            f"dot_general takes {name} as a pair, the left and the right operand's, "
            f"but got {shown(dims)}."
        )
        raise refuse(ArgumentError(problem), left=left, right=right)
    of_left, of_right = cast("tuple[Any, Any]", dims)
    return [normal_dims("dot_general", left, of_left), normal_dims("dot_general", right, of_right)]


def outer(vec1: Tensor, vec2: Tensor) -> Tensor:
    """Multiply each element of a vector by each element of another.

    Args:
        vec1: (M,).
        vec2: (N,), of the same data type.

    Returns:
        The products, (M, N).

    Raises:
        ShapeError: an operand is not a vector.
        DtypeError: the data types differ.

    Example:
        >>> fr.outer(fr.Tensor([1, 2]), fr.Tensor([3, 4])).tolist()
        [[3, 4], [6, 8]]
    """
    vec1, vec2 = as_tensor(vec1), as_tensor(vec2)
    if vec1.rank != 1 or vec2.rank != 1:
        described = f"{vec1.value.type.describe()} and {vec2.value.type.describe()}"
        raise refuse(
            ShapeError(f"outer takes two vectors, but got {described}."), vec1=vec1, vec2=vec2
        )
    if vec1.dtype is not vec2.dtype:
        same_dtype("outer", vec1=vec1, vec2=vec2)
    return multiply(unsqueeze(vec1, 1), vec2)
