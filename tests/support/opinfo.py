"""Samples of torch's OpInfo, and their translation to Farrier."""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

import functools
import inspect
import sys
import types
import unittest
from collections.abc import Callable, Sequence
from typing import Any

import ml_dtypes

import farrier as fr
from support.opinfo_windows import (
    Unsupported,
    avg_pool,
    conv,
    conv_transpose,
    interpolate,
    max_pool,
)

REFUSED = {
    "takes operands of one data type": "nothing is promoted",
    "takes one data type": "nothing is promoted",
    "takes a floating-point number": "functions of floats refuse integers and bools",
    "takes a number": "arithmetic refuses bools",
    "takes an integer": "shifts are of integers",
    "takes bool": "a condition is of bools",
    "must be bool": "a condition is of bools",
    "takes bool or an integer": "bits of floats are refused",
    "Python floats are not cast": "nothing is promoted",
    "Python numbers are not cast to bool": "nothing is promoted",
    "does not fit": "numbers out of the type's range are refused",
    "of no elements is not defined": "torch refuses most of these, and defines some",
    "removes sizes of 1": "squeeze refuses what torch leaves",
    "reflection adds": "reflection crops nothing",
    "takes int32 or int64": "indices have these types",
    "matmul does not take scalars": "torch refuses too, but for dot",
    "Complex": "there are no complex numbers",
    "cannot become tensors": "there are no complex numbers",
    "cannot be None": "a parameter is needed",
    "names a dimension twice": "torch refuses too",
    "arange counts in numbers": "arange of bools",
    "leads away from the stop": "torch refuses too",
    "correction takes integers": "var subtracts a whole number",
    "draws floating-point numbers": "random integers are not drawn",
}
"""What Farrier refuses by design: a part of the text, with the reason."""


def op_db() -> list[Any]:
    """Return torch's OpInfos; a stub replaces the module that torch's tests need for them."""
    if "expecttest" not in sys.modules:
        stub: Any = types.ModuleType("expecttest")
        stub.TestCase = unittest.TestCase
        stub.assert_expected_inline = lambda *_, **__: None
        sys.modules["expecttest"] = stub
    from torch.testing._internal.common_methods_invocations import op_db

    return list(op_db)


def _without(name: str, *keys: str, **renamed: str) -> Callable[..., Any]:
    """Return a function that ignores keywords at their default, and renames others."""

    def call(*args: Any, **kwargs: Any) -> Any:
        for key in keys:
            if kwargs.pop(key, None):
                raise Unsupported(key)
        given = {renamed.get(key, key): value for key, value in kwargs.items()}
        return getattr(fr, name)(*args, **given)

    return call


def _refuse_dtype(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs.pop("dtype", None) is not None:
            raise Unsupported("dtype")
        _check_arguments(function, args, kwargs)
        return function(*args, **kwargs)

    return call


def _scaled(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(x: Any, y: Any, *, alpha: Any = 1) -> Any:
        if alpha != 1:
            raise Unsupported("alpha")
        return function(x, y)

    return call


def _divide(x: Any, y: Any, *, rounding_mode: str | None = None) -> Any:
    if rounding_mode == "floor":
        return fr.floor_divide(x, y)
    if rounding_mode == "trunc" and x.dtype.is_floating:
        return fr.trunc(fr.divide(x, y))
    if rounding_mode is None and not (isinstance(x, fr.Tensor) and x.dtype.is_floating):
        raise Unsupported("rounding_mode")  # Farrier's quotient of integers is an integer
    return fr.divide(x, y)


def _extreme(reduce: Any, arg: Any, pair: Any) -> Callable[..., Any]:
    def call(x: Any, dim: Any = None, keepdim: bool = False, **kwargs: Any) -> Any:
        other = kwargs.pop("other", dim)
        if isinstance(other, fr.Tensor):
            return pair(x, other)
        dim = kwargs.pop("dim", dim)
        if dim is None:
            return reduce(x)
        keepdim = kwargs.pop("keepdim", keepdim)
        return reduce(x, dim, keepdim), arg(x, dim, keepdim)

    return call


def _var(x: Any, *args: Any, **kwargs: Any) -> Any:
    if "unbiased" in kwargs or any(type(arg) is bool for arg in args):
        raise Unsupported("unbiased")
    if kwargs.get("correction", 1) is None:
        kwargs.pop("correction")
    return fr.var(x, *args, **kwargs)


def _repeat_interleave(x: Any, repeats: Any, *, dim: Any = None, output_size: Any = None) -> Any:
    if isinstance(repeats, fr.Tensor):
        raise Unsupported("tensor")
    return fr.repeat(fr.flatten(x), repeats, 0) if dim is None else fr.repeat(x, repeats, dim)


def _topk(x: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    if not largest:
        raise Unsupported("largest")
    return fr.topk(x, k, dim)[0]  # torch's indices of equal elements are in any order


def _sort(x: Any, dim: int = -1, descending: bool = False, *, stable: bool = True) -> Any:
    return fr.sort(x, dim, descending)


def _argsort(x: Any, dim: int = -1, descending: bool = False, *, stable: bool = True) -> Any:
    return fr.argsort(x, dim, descending)


def _split(x: Any, size: int | Sequence[int], dim: int = 0) -> Any:
    if not isinstance(size, int):
        return fr.split(x, size, dim)
    whole = x.shape[dim]
    return fr.split(x, [min(size, whole - start) for start in range(0, whole, size)] or [0], dim)


def _chunk(x: Any, count: int, dim: int = 0) -> Any:
    return _split(x, max(-(-x.shape[dim] // count), 1), dim)


def _pad(x: Any, pad: Sequence[int], mode: str = "constant", value: Any = None) -> Any:
    if mode not in ("constant", "reflect"):
        raise Unsupported("mode")
    pairs = [(low, high) for low, high in zip(pad[::2], pad[1::2], strict=True)]
    every = [(0, 0)] * (x.rank - len(pairs)) + pairs[::-1]
    return fr.pad(x, every, mode, 0 if value is None else value)  # pyright: ignore[reportArgumentType]


def _batch_norm(
    x: Any,
    mean: Any,
    var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    if training or weight is None or bias is None:
        raise Unsupported("statistics")
    return fr.batch_norm(x, weight, bias, mean, var, eps)


def _instance_norm(
    x: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    if not use_input_stats:
        raise Unsupported("statistics")
    return fr.instance_norm(x, weight, bias, eps)


def _softplus(x: Any, beta: float = 1, threshold: float = 20) -> Any:
    return fr.where(x * beta > threshold, x, fr.softplus(x * beta) / beta)


def _rms_norm(x: Any, shape: Any, weight: Any = None, eps: float | None = None) -> Any:
    smallest = float(ml_dtypes.finfo(x.dtype.numpy).eps)
    return fr.rms_norm(x, shape, weight, smallest if eps is None else eps)


def _index_select(x: Any, dim: int, index: Any) -> Any:
    result = fr.gather(x, dim, index)
    return result if x.rank else fr.reshape(result, ())


def _cat(tensors: Sequence[Any], dim: int = 0) -> Any:
    if len({tensor.rank for tensor in tensors}) > 1:
        raise Unsupported("legacy")
    return fr.concatenate(tensors, dim)


def _gelu(x: Any, *, approximate: Any = "none") -> Any:
    return fr.gelu(x, approximate)


def _round(x: Any, *, decimals: int = 0) -> Any:
    if decimals:
        raise Unsupported("arguments")
    return fr.round(x)


def _linear(x: Any, weight: Any, bias: Any = None) -> Any:
    result = fr.matmul(x, fr.transpose(weight, 0, -1) if weight.rank > 1 else weight)
    return result if bias is None else result + bias


DIRECT = [
    *("abs", "acos", "acosh", "all", "allclose", "any", "argmax", "argmin", "asin", "asinh"),
    *("atan", "atan2", "atanh", "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor"),
    *("ceil", "cos", "cosh", "cumsum", "eq", "equal", "erf", "erfc", "exp", "exp2", "expm1"),
    *("fmod", "hypot", "isfinite", "isinf", "isnan", "log", "log10", "log1p", "log2"),
    *("logaddexp", "logical_and", "logical_not", "logical_or", "logical_xor", "masked_fill"),
    *("matmul", "maximum", "mean", "minimum", "outer", "prod", "reciprocal", "remainder"),
    *("rsqrt", "sigmoid", "sign", "sin", "sinh", "sqrt", "square", "stack", "sum", "tan", "tanh"),
    *("tril", "triu", "trunc", "unsqueeze", "floor", "floor_divide", "clamp", "expand"),
    *("flatten", "permute", "reshape", "squeeze", "transpose", "softmax", "log_softmax", "relu"),
    *("silu", "hardswish", "elu", "leaky_relu", "layer_norm", "group_norm"),
]

ADAPTERS: dict[str, Callable[..., Any]] = {
    **{name: _refuse_dtype(getattr(fr, name)) for name in DIRECT},
    "add": _scaled(fr.add),
    "amax": fr.max,
    "amin": fr.min,
    "argsort": _argsort,
    "avg_pool1d": functools.partial(avg_pool, 1),
    "avg_pool2d": functools.partial(avg_pool, 2),
    "avg_pool3d": functools.partial(avg_pool, 3),
    "batch_norm": _batch_norm,
    "bitwise_left_shift": fr.shift_left,
    "bitwise_right_shift": fr.shift_right,
    "bmm": fr.matmul,
    "broadcast_to": fr.expand,
    "cat": _cat,
    "chunk": _chunk,
    "conv1d": conv,
    "conv2d": conv,
    "conv3d": conv,
    "conv_transpose1d": conv_transpose,
    "conv_transpose2d": conv_transpose,
    "conv_transpose3d": conv_transpose,
    "div": _divide,
    "flip": lambda x, dims: fr.flip(x, dims),
    "full_like": _without("full_like", "dtype"),
    "ge": fr.greater_equal,
    "gelu": _gelu,
    "gt": fr.greater,
    "index_select": _index_select,
    "instance_norm": _instance_norm,
    "interpolate": interpolate,
    "le": fr.less_equal,
    "linear": _linear,
    "lt": fr.less,
    "max": _extreme(fr.max, fr.argmax, fr.maximum),
    "max_pool1d": functools.partial(max_pool, 1),
    "max_pool2d": functools.partial(max_pool, 2),
    "max_pool3d": functools.partial(max_pool, 3),
    "min": _extreme(fr.min, fr.argmin, fr.minimum),
    "mm": fr.matmul,
    "mul": fr.multiply,
    "mv": fr.matmul,
    "ne": fr.not_equal,
    "neg": fr.negative,
    "ones_like": _without("ones_like", "dtype"),
    "pad": _pad,
    "pow": fr.power,
    "repeat_interleave": _repeat_interleave,
    "round": _round,
    "softplus": _softplus,
    "rms_norm": _rms_norm,
    "where": lambda x, condition, other: fr.where(condition, x, other),
    "sort": _sort,
    "split": _split,
    "sub": _scaled(fr.subtract),
    "topk": _topk,
    "unbind": lambda x, dim=0: tuple(fr.squeeze(part, dim) for part in _split(x, 1, dim)),
    "var": _var,
    "view": fr.reshape,
    "zeros_like": _without("zeros_like", "dtype"),
}
"""Farrier's counterpart, by the last word of an OpInfo's name."""

WITHOUT_SAMPLES = {
    "arange": "its samples are not of tensors; tests of ranges compare with numpy",
    "compile": "compiles, but is no counterpart",
    "concatenate": "torch's alias of cat",
    "convolution": "the samples of conv1d to conv3d",
    "dequantize": "of torch's quantised tensors: test_quantized_torch.py",
    "device": "no function",
    "divide": "torch's alias of div",
    "dtype": "no function",
    "full": "its samples are not of tensors",
    "gather": "torch's own is another function",
    "greater": "torch's alias of gt",
    "greater_equal": "torch's alias of ge",
    "less": "torch's alias of lt",
    "less_equal": "torch's alias of le",
    "multiply": "torch's alias of mul",
    "negative": "torch's alias of neg",
    "not_equal": "torch's alias of ne",
    "ones": "its samples are not of tensors",
    "rand": "random",
    "randn": "random",
    "subtract": "torch's alias of sub",
    "zeros": "its samples are not of tensors",
}
"""Functions under torch's names that OpInfo's samples do not reach, with the reason."""


def run_sample(name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Return Farrier's result for a sample.

    Raises:
        Unsupported: it lacks an argument of the sample.
    """
    adapter = ADAPTERS[name]
    kwargs = {key: value for key, value in kwargs.items() if key not in ("device", "layout")}
    _check_arguments(adapter, args, kwargs)
    return adapter(*args, **kwargs)


def _check_arguments(function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
    try:
        inspect.signature(function).bind(*args, **kwargs)
    except TypeError:
        raise Unsupported("arguments") from None
