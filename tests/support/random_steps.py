"""Functions that random programs apply, each to operands that suit it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import farrier as fr
from farrier import Tensor
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype

if TYPE_CHECKING:
    from support.random_programs import Sketch

Outcome = Tensor | tuple[Tensor, ...]
Step = Callable[["Sketch"], Outcome]

ANYWHERE = (
    *(fr.abs, fr.negative, fr.sign, fr.floor, fr.ceil, fr.round, fr.trunc, fr.relu, fr.square),
    *(fr.sin, fr.cos, fr.tanh, fr.sigmoid, fr.erf, fr.erfc, fr.atan, fr.asinh, fr.cbrt, fr.gelu),
    *(fr.silu, fr.softplus, fr.hardswish, fr.elu, fr.leaky_relu, fr.isfinite, fr.isnan),
)
SMALL = (*(fr.exp, fr.exp2, fr.expm1, fr.sinh, fr.cosh, fr.tan, fr.asin, fr.acos, fr.atanh),)
INDEX_DTYPES = ("int32", "int64")
POSITIVE = (fr.log, fr.log2, fr.log10, fr.log1p, fr.sqrt, fr.rsqrt, fr.reciprocal)
PAIRS = (fr.add, fr.subtract, fr.multiply, fr.maximum, fr.minimum)
FLOAT_PAIRS = (fr.atan2, fr.hypot, fr.logaddexp)
RELATIONS = (fr.eq, fr.not_equal, fr.less, fr.less_equal, fr.greater, fr.greater_equal)
QUOTIENTS = (fr.divide, fr.floor_divide, fr.remainder, fr.fmod)


# ---------------------------------------------------------------------- elementwise


def _anywhere(sketch: Sketch) -> Outcome:
    return sketch.one(ANYWHERE)(sketch.floats())


def _small(sketch: Sketch) -> Outcome:
    return sketch.one(SMALL)(fr.clamp(sketch.floats(), -0.875, 0.875))


def _positive(sketch: Sketch) -> Outcome:
    return sketch.one(POSITIVE)(fr.abs(sketch.floats()) + 0.5)


def _acosh(sketch: Sketch) -> Outcome:
    return fr.acosh(fr.abs(sketch.floats()) + 1.5)


def _power(sketch: Sketch) -> Outcome:
    x = fr.abs(sketch.floats()) + 0.5
    return fr.power(x, fr.clamp(sketch.partner(x), -2.0, 2.0))


def _pair(sketch: Sketch) -> Outcome:
    x = sketch.ranked(0)
    return _either_way(sketch, sketch.one(PAIRS), x, sketch.partner(x))


def _float_pair(sketch: Sketch) -> Outcome:
    x = sketch.floats()
    return _either_way(sketch, sketch.one(FLOAT_PAIRS), x, sketch.partner(x))


def _either_way(sketch: Sketch, function: Callable[..., Tensor], x: Tensor, y: Tensor) -> Outcome:
    return function(x, y) if sketch.coin() else function(y, x)


def _quotient(sketch: Sketch) -> Outcome:
    x = sketch.ranked(0)
    return sketch.one(QUOTIENTS)(x, fr.maximum(sketch.partner(x), 1))


def _relation(sketch: Sketch) -> Outcome:
    x = sketch.pick()
    return sketch.one(RELATIONS)(x, sketch.partner(x))


def _condition(sketch: Sketch, x: Tensor) -> Tensor:
    return sketch.partner(x) > 0 if x.dtype is not dtypes.bool else sketch.partner(x)


def _where(sketch: Sketch) -> Outcome:
    x = sketch.pick()
    return fr.where(_condition(sketch, x), x, sketch.partner(x))


def _masked_fill(sketch: Sketch) -> Outcome:
    x = sketch.ranked(0)
    return fr.masked_fill(x, _condition(sketch, x), 2)


def _logic(sketch: Sketch) -> Outcome:
    x = _condition(sketch, sketch.pick())
    function = sketch.one([fr.logical_and, fr.logical_or, fr.logical_xor])
    return fr.logical_not(x) if sketch.coin(0.2) else function(x, sketch.partner(x))


def _shift(sketch: Sketch) -> Outcome:
    x = sketch.integers()
    return sketch.one([fr.shift_left, fr.shift_right])(x, fr.clamp(sketch.partner(x), 0, 3))


def _cast(sketch: Sketch) -> Outcome:
    x = sketch.pick()
    target = sketch.one(TARGETS)
    if x.dtype.is_floating and not target.is_floating:
        x = fr.clamp(fr.where(fr.isfinite(x), x, 0.0), 0.0, 100.0)
    return fr.cast(x, target)


TARGETS: tuple[dtype, ...] = (
    *(dtypes.float32, dtypes.float32, dtypes.float64, dtypes.float16, dtypes.bfloat16),
    *(dtypes.int32, dtypes.int64, dtypes.int8, dtypes.int16, dtypes.bool),
    *(dtypes.uint8, dtypes.uint16, dtypes.uint32, dtypes.uint64),
)


def _bitcast(sketch: Sketch) -> Outcome:
    x = sketch.integers()
    return fr.bitcast(x, dtypes.DTYPES[f"{'int' if x.dtype.is_unsigned else 'uint'}{x.dtype.bits}"])


def _clamp(sketch: Sketch) -> Outcome:
    return fr.clamp(sketch.ranked(0), 0, sketch.whole(1, 3))


def _quantize(sketch: Sketch) -> Outcome:
    x = fr.cast(sketch.floats(), fr.float32)
    q = fr.quantize(x, 0.25, sketch.one([fr.int8, fr.uint8, fr.float8]))
    return q if sketch.coin(0.2) else fr.dequantize(q, 0.25, fr.float32)


# ---------------------------------------------------------------------- reductions


def _reduction(sketch: Sketch) -> Outcome:
    x = sketch.ranked(0)
    reduction = sketch.one([fr.sum, fr.sum, fr.max, fr.min, fr.prod])
    return reduction(x, sketch.dims(x), keepdim=sketch.coin())


def _mean(sketch: Sketch) -> Outcome:
    x = sketch.floats()
    dims = sketch.dims(x)
    if sketch.coin():
        return fr.mean(x, dims, keepdim=sketch.coin())
    return fr.var(x, dims, keepdim=sketch.coin(), correction=0)


def _truth(sketch: Sketch) -> Outcome:
    x = _condition(sketch, sketch.pick())
    return sketch.one([fr.all, fr.any])(x, sketch.dims(x), keepdim=sketch.coin())


def _arg(sketch: Sketch) -> Outcome:
    x = sketch.ranked(1)
    return sketch.one([fr.argmax, fr.argmin])(x, sketch.dim(x), keepdim=sketch.coin())


def _cumsum(sketch: Sketch) -> Outcome:
    x = sketch.ranked(1)
    return fr.cumsum(x, sketch.dim(x))


def _sort(sketch: Sketch) -> Outcome:
    x = sketch.ranked(1)
    return sketch.one([fr.sort, fr.argsort])(x, sketch.dim(x), sketch.coin())


def _topk(sketch: Sketch) -> Outcome:
    x = sketch.ranked(1)
    dim = sketch.dim(x)
    size = x.shape[dim]
    return fr.topk(x, sketch.whole(1, size if type(size) is int else 1), dim)


def _softmax(sketch: Sketch) -> Outcome:
    x = sketch.floats(1)
    return sketch.one([fr.softmax, fr.log_softmax])(x, sketch.dim(x))


# ---------------------------------------------------------------------- norms, products, windows


def _norm(sketch: Sketch) -> Outcome:
    x = sketch.floats(1)
    count = sketch.whole(1, min(x.rank, 2))
    shape = tuple(x.shape[-count:])
    weight = sketch.weights(shape, x.dtype) if sketch.coin() else None
    if sketch.coin():
        return fr.rms_norm(x, shape, weight)
    return fr.layer_norm(x, shape, weight)


def _channel_norm(sketch: Sketch) -> Outcome:
    x = sketch.floats(2)
    weight, bias, mean = (sketch.weights((x.shape[1],), x.dtype) for _ in range(3))
    choice = sketch.whole(0, 2)
    if choice == 0:
        return fr.batch_norm(x, weight, bias, mean, fr.abs(weight) + 0.5)
    return (
        fr.group_norm(x, sketch.whole(1, 2), weight, bias) if choice == 1 else fr.instance_norm(x)
    )


def _matmul(sketch: Sketch) -> Outcome:
    x = sketch.ranked(1)
    columns = () if sketch.coin(0.2) else (sketch.one([1, 1, 2, 5, 16]),)
    lead = x.shape[:-2] if sketch.coin(0.3) and columns else ()
    return fr.matmul(x, sketch.weights((*lead, x.shape[-1], *columns), x.dtype))


def _self_product(sketch: Sketch) -> Outcome:
    x = sketch.ranked(2)
    return fr.matmul(x, fr.transpose(x, -1, -2))


def _dot_general(sketch: Sketch) -> Outcome:
    x = sketch.ranked(1, 4)
    y = sketch.pick(lambda y: y.dtype is x.dtype and 1 <= y.rank <= 4)
    left, right = x.value.type.shape, y.value.type.shape
    pairs = [(i, j) for i in range(x.rank) for j in range(y.rank) if left[i] == right[j]]
    sketch.random.shuffle(pairs)
    chosen: list[tuple[int, int]] = []
    for i, j in pairs[: sketch.whole(1, 3)]:
        if all(i != a and j != b for a, b in chosen):
            chosen.append((i, j))
    count = sketch.whole(0, len(chosen))
    sums, batch = (
        [*zip(*some, strict=True)] or [(), ()] for some in (chosen[count:], chosen[:count])
    )
    return fr.dot_general(x, y, (sums[0], sums[1]), (batch[0], batch[1]))


def _outer(sketch: Sketch) -> Outcome:
    x = sketch.ranked(1, 1)
    return fr.outer(x, sketch.pick(lambda y: y.rank == 1 and y.dtype is x.dtype))


def _convolution(sketch: Sketch) -> Outcome:
    x = sketch.ranked(3, 5)
    channels, spatial = x.shape[1], x.rank - 2
    groups = sketch.one([1, 1, 2, channels if type(channels) is int else 1])
    window = [sketch.one([1, 1, 2, 3]) for _ in range(spatial)]
    out = groups * sketch.whole(1, 3)
    padding = [(sketch.whole(0, 1), sketch.whole(0, 1)) for _ in window]
    stride, dilation = ([sketch.one([1, 1, 2]) for _ in window] for _ in range(2))
    if sketch.coin(0.25):
        weight = sketch.weights((channels, sketch.whole(1, 2), *window), x.dtype)
        return fr.conv_transpose(x, weight, stride, None, dilation, groups)
    weight = sketch.weights((out, channels // groups, *window), x.dtype)
    return fr.convolution(x, weight, stride, padding, dilation, groups)


def _pool(sketch: Sketch) -> Outcome:
    x = sketch.ranked(3, 5)
    if sketch.coin():
        x = fr.cast(x, fr.float32)
    window = [sketch.one([1, 2, 2, 3]) for _ in range(x.rank - 2)]
    stride = [sketch.whole(1, 2) for _ in window] if sketch.coin() else None
    padding = [(sketch.whole(0, n // 2), sketch.whole(0, n // 2)) for n in window]
    return sketch.one([fr.maxpool, fr.avgpool])(x, window, stride, padding)


def _resize(sketch: Sketch) -> Outcome:
    x = sketch.floats(1, 4)
    scales = [sketch.one([1.0, 1.0, 2.0, 0.5, 1.5]) for _ in x.shape]
    return fr.resize(x, mode=sketch.one(["linear", "nearest"]), scales=scales)


# ---------------------------------------------------------------------- shapes


def _transpose(sketch: Sketch) -> Outcome:
    x = sketch.pick(lambda x: x.rank >= 2)
    return fr.permute(x, sketch.random.sample(range(x.rank), x.rank))


def _reshape(sketch: Sketch) -> Outcome:
    x = sketch.pick()
    choice = sketch.whole(0, 3)
    if choice == 0:
        return fr.reshape(x, (-1,))
    if choice == 1:
        start = sketch.whole(0, x.rank - 1)
        return fr.flatten(x, start, sketch.whole(start, x.rank - 1))
    if choice == 2:
        return fr.unsqueeze(x, sketch.whole(-x.rank - 1, x.rank))
    return fr.squeeze(x, sketch.one([dim for dim, n in enumerate(x.value.type.shape) if n == 1]))


def _split_dim(sketch: Sketch) -> Outcome:
    x = sketch.pick(lambda x: x.rank >= 1)
    dim, factor = sketch.whole(0, x.rank - 1), sketch.whole(1, 3)
    shape = (*x.shape[:dim], x.shape[dim] // factor, factor, *x.shape[dim + 1 :])
    return fr.reshape(x, shape)


def _expand(sketch: Sketch) -> Outcome:
    x = sketch.pick()
    return fr.expand(
        x,
        (sketch.whole(0, 3), *(3 if type(size) is int and size == 1 else size for size in x.shape)),
    )


def _repeat(sketch: Sketch) -> Outcome:
    x = sketch.pick(lambda x: x.rank >= 1)
    return fr.repeat(x, sketch.whole(1, 3), sketch.dim(x))


def _flip(sketch: Sketch) -> Outcome:
    x = sketch.pick()
    return fr.flip(x, sketch.dims(x))


def _slice(sketch: Sketch) -> Outcome:
    x = sketch.pick(lambda x: x.rank >= 1)
    ends = [None, None, None, 0, 1, 2, -1, -2, 3]
    steps = [None, None, None, 1, 2, -1, 3]

    def item(_: object) -> Any:
        if sketch.coin(0.2):
            return sketch.one([0, -1])
        return slice(sketch.one(ends), sketch.one(ends), sketch.one(steps))

    return x[tuple(map(item, x.shape[: sketch.whole(1, x.rank)]))]


def _concatenate(sketch: Sketch) -> Outcome:
    x = sketch.pick(lambda x: x.rank >= 1)
    dim = sketch.dim(x)
    others = [sketch.pick(lambda y: y.dtype is x.dtype and y.rank == x.rank) for _ in range(2)]
    return fr.concatenate([x, *others[: sketch.whole(0, 2)]], dim)


def _stack(sketch: Sketch) -> Outcome:
    x = sketch.pick()
    alike = sketch.pick(lambda y: y.dtype is x.dtype and y.value.type.shape == x.value.type.shape)
    return fr.stack([x, alike], sketch.whole(0, x.rank))


def _split(sketch: Sketch) -> Outcome:
    x = sketch.pick(lambda x: x.rank >= 1)
    return fr.split(x, sketch.one([1, 2]), sketch.whole(0, x.rank - 1))


def _pad(sketch: Sketch) -> Outcome:
    x = sketch.pick(lambda x: x.dtype is not dtypes.bool)
    pairs = [(sketch.whole(0, 2), sketch.whole(0, 2)) for _ in x.shape]
    return fr.pad(x, pairs, mode=sketch.one(["constant", "constant", "reflect"]))


def _triangle(sketch: Sketch) -> Outcome:
    x = sketch.ranked(2)
    return sketch.one([fr.tril, fr.triu])(x, sketch.whole(-2, 2))


def _gather(sketch: Sketch) -> Outcome:
    x = sketch.pick(lambda x: x.rank >= 1)
    shape = sketch.one([(), (1,), (4,), (2, 3)])
    index = sketch.constant(shape, sketch.one([fr.int32, fr.int64]))
    indices = [y for y in sketch.tensors if y.dtype.name in INDEX_DTYPES and y.rank <= 2]
    dim = sketch.whole(0, x.rank - 1)
    return fr.gather(x, dim, sketch.one([*indices, index]) if sketch.coin() else index)


def _like(sketch: Sketch) -> Outcome:
    x = sketch.ranked(1)
    if sketch.coin():
        return fr.iota_like(x, sketch.whole(0, x.rank - 1), fr.int32) + 1
    return fr.full_like(x, 2)


def _size(sketch: Sketch) -> Outcome:
    x = sketch.pick(lambda x: x.rank >= 1)
    return fr.full((2,), 1, fr.int32) * x.shape[sketch.dim(x)]


ELEMENTWISE: list[Step] = [
    *[_anywhere, _small, _positive, _acosh, _power, _pair, _pair, _pair, _float_pair, _quotient],
    *[_relation, _where, _masked_fill, _logic, _shift, _cast, _bitcast, _clamp, _quantize],
]
REDUCTIONS: list[Step] = [
    *[_reduction, _reduction, _reduction, _mean, _truth, _arg, _cumsum, _sort, _topk, _softmax],
]
PRODUCTS: list[Step] = [
    *[_norm, _channel_norm, _matmul, _matmul, _self_product, _dot_general, _outer],
    *[_convolution, _convolution, _pool, _pool, _resize],
]
SHAPES: list[Step] = [
    *[_transpose, _reshape, _reshape, _split_dim, _expand, _repeat, _flip, _slice, _slice],
    *[_concatenate, _stack, _split, _pad, _triangle, _gather, _like, _size],
]
STEPS: list[Step] = [*ELEMENTWISE, *REDUCTIONS, *PRODUCTS, *SHAPES]
