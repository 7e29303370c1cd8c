"""Names that torch, numpy and jax give to what Farrier has, and hints for misspelt ones."""

from __future__ import annotations

from collections.abc import Collection

from farrier_runtime.hints import near

NAMES: dict[str, str] = {
    # functions
    "absolute": "abs",
    "amax": "max",
    "amin": "min",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "array": "Tensor",
    "as_tensor": "Tensor",
    "asarray": "Tensor",
    "astype": "cast",
    "avg_pool": "avgpool",
    "avg_pool1d": "avgpool",
    "avg_pool2d": "avgpool",
    "avg_pool3d": "avgpool",
    "bitcast_convert_type": "bitcast",
    "bitwise_invert": "bitwise_not",
    "bitwise_left_shift": "shift_left",
    "bitwise_right_shift": "shift_right",
    "bmm": "matmul",
    "broadcast_in_dim": "expand",
    "broadcast_to": "expand",
    "cat": "concatenate",
    "chunk": "split",
    "clip": "clamp",
    "clone": "copy",
    "concat": "concatenate",
    "conv": "convolution",
    "conv1d": "convolution",
    "conv2d": "convolution",
    "conv3d": "convolution",
    "conv_general_dilated": "convolution",
    "conv_transpose1d": "conv_transpose",
    "conv_transpose2d": "conv_transpose",
    "conv_transpose3d": "conv_transpose",
    "convert_element_type": "cast",
    "cumulative_sum": "cumsum",
    "div": "divide",
    "dot": "matmul",
    "dynamic_slice": "slice",
    "embedding": "Embedding",
    "empty": "zeros",
    "empty_like": "zeros_like",
    "expand_as": "expand",
    "expand_dims": "unsqueeze",
    "expit": "sigmoid",
    "fabs": "abs",
    "fix": "trunc",
    "fliplr": "flip",
    "flipud": "flip",
    "float_power": "power",
    "from_dlpack": "Tensor",
    "from_numpy": "Tensor",
    "ge": "greater_equal",
    "gt": "greater",
    "hard_swish": "hardswish",
    "hstack": "concatenate",
    "index_select": "gather",
    "integer_pow": "power",
    "interpolate": "resize",
    "invert": "bitwise_not",
    "is_finite": "isfinite",
    "jit": "compile",
    "le": "less_equal",
    "left_shift": "shift_left",
    "linear": "Linear",
    "logistic": "sigmoid",
    "lt": "less",
    "max_pool": "maxpool",
    "max_pool1d": "maxpool",
    "max_pool2d": "maxpool",
    "max_pool3d": "maxpool",
    "mm": "matmul",
    "mod": "remainder",
    "moveaxis": "permute",
    "movedim": "permute",
    "mul": "multiply",
    "mv": "matmul",
    "narrow": "slice",
    "ne": "not_equal",
    "neg": "negative",
    "normal": "randn",
    "permute_dims": "permute",
    "pow": "power",
    "product": "prod",
    "rand_like": "rand",
    "randn_like": "randn",
    "range": "arange",
    "ravel": "flatten",
    "reduce_max": "max",
    "reduce_min": "min",
    "reduce_prod": "prod",
    "reduce_sum": "sum",
    "relu6": "clamp",
    "rem": "remainder",
    "repeat_interleave": "repeat",
    "rev": "flip",
    "right_shift": "shift_right",
    "select": "where",
    "select_n": "where",
    "sgn": "sign",
    "shift_right_arithmetic": "shift_right",
    "sub": "subtract",
    "swapaxes": "transpose",
    "swapdims": "transpose",
    "swish": "silu",
    "t": "transpose",
    "take": "gather",
    "tensor": "Tensor",
    "tensordot": "dot_general",
    "top_k": "topk",
    "true_divide": "divide",
    "unbind": "split",
    "unflatten": "reshape",
    "unsafe_chunk": "split",
    "unstack": "split",
    "upsample": "resize",
    "vdot": "matmul",
    "view": "reshape",
    "view_as": "reshape",
    "vstack": "concatenate",
    # data types
    "bool_": "bool",
    "byte": "uint8",
    "char": "int8",
    "double": "float64",
    "float": "float32",
    "float_": "float64",
    "half": "float16",
    "int": "int32",
    "int_": "int64",
    "long": "int64",
    "short": "int16",
    "single": "float32",
    # layers
    "AdaptiveAvgPool1d": "mean",
    "AdaptiveAvgPool2d": "mean",
    "AdaptiveAvgPool3d": "mean",
    "AvgPool1d": "avgpool",
    "AvgPool2d": "avgpool",
    "AvgPool3d": "avgpool",
    "BatchNorm1d": "BatchNorm",
    "BatchNorm2d": "BatchNorm",
    "BatchNorm3d": "BatchNorm",
    "Buffer": "Parameter",
    "Conv1d": "Conv",
    "Conv2d": "Conv",
    "Conv3d": "Conv",
    "ConvTranspose1d": "ConvTranspose",
    "ConvTranspose2d": "ConvTranspose",
    "ConvTranspose3d": "ConvTranspose",
    "Dense": "Linear",
    "ELU": "elu",
    "Embed": "Embedding",
    "Flatten": "flatten",
    "GELU": "gelu",
    "Hardswish": "hardswish",
    "InstanceNorm1d": "InstanceNorm",
    "InstanceNorm2d": "InstanceNorm",
    "InstanceNorm3d": "InstanceNorm",
    "LeakyReLU": "leaky_relu",
    "LogSoftmax": "log_softmax",
    "MaxPool1d": "maxpool",
    "MaxPool2d": "maxpool",
    "MaxPool3d": "maxpool",
    "ReLU": "relu",
    "ReLU6": "clamp",
    "ReflectionPad1d": "pad",
    "ReflectionPad2d": "pad",
    "ReflectionPad3d": "pad",
    "SiLU": "silu",
    "Sigmoid": "sigmoid",
    "Softmax": "softmax",
    "Softplus": "softplus",
    "Tanh": "tanh",
    "Upsample": "resize",
    "ZeroPad1d": "pad",
    "ZeroPad2d": "pad",
    "ZeroPad3d": "pad",
}
"""Names of other libraries, each with the name of what comes nearest to it in Farrier."""

_NONE = "Farrier has no gradients and no modes: leave it out."
_NAMESPACE = "Functions and layers are in farrier itself, such as farrier.relu and farrier.Linear."
_MASK = "Programs have fixed shapes: choose with farrier.where."
_NO_SCATTER = "Tensors cannot be changed: write farrier.where or farrier.concatenate."
_NO_LOSS = "Farrier has no losses: write the formula."
_FILES = "Modules have load_weights and save_weights, Executables load and save."
_SAME = "Leave it out: it would return the tensor itself."

ADVICE: dict[str, str] = {
    "Dropout": "It has no effect in inference: leave it out.",
    "F": _NAMESPACE,
    "GRU": "Unroll it over farrier.Linear layers.",
    "Identity": "Write lambda x: x.",
    "LSTM": "Unroll it over farrier.Linear layers.",
    "ModuleDict": "Use a dict of layers.",
    "ModuleList": "Use a list of layers.",
    "PixelShuffle": "Write farrier.reshape, farrier.permute and farrier.reshape.",
    "RNN": "Unroll it over farrier.Linear layers.",
    "addmm": "Write input + farrier.matmul(mat1, mat2).",
    "cond": "Choose with farrier.where.",
    "cuda": "Choose the device when compiling: farrier.compile(..., target='cuda').",
    "cross_entropy": _NO_LOSS,
    "detach": _NONE,
    "dropout": "It has no effect in inference: leave it out.",
    "einsum": "Write it with farrier.dot_general, or farrier.permute and farrier.matmul.",
    "eye": "Write farrier.cast(farrier.iota((n, n), 0) == farrier.iota((n, n), 1), dtype).",
    "fft": "Multiply by the matrix of the transform.",
    "functional": _NAMESPACE,
    "grad": _NONE,
    "index_add": _NO_SCATTER,
    "index_put": _NO_SCATTER,
    "inf": "Write float('inf').",
    "inference_mode": _NONE,
    "inner": "Write farrier.sum(x * y, -1).",
    "isclose": "Write farrier.abs(x - y) <= atol + rtol * farrier.abs(y).",
    "lax": _NAMESPACE,
    "linalg": _NAMESPACE,
    "linspace": "Write start + (stop - start) / (count - 1) * farrier.arange(count).",
    "load": _FILES,
    "logsumexp": "With m = farrier.max(x), write m + farrier.log(farrier.sum(farrier.exp(x - m))).",
    "manual_seed": "farrier.rand and farrier.randn take a seed.",
    "masked_scatter": _NO_SCATTER,
    "masked_select": _MASK,
    "mse_loss": _NO_LOSS,
    "nan": "Write float('nan').",
    "nn": _NAMESPACE,
    "no_grad": _NONE,
    "nonzero": _MASK,
    "norm": "Write farrier.sqrt(farrier.sum(farrier.square(x))).",
    "numel": "Write math.prod(x.shape).",
    "numpy": _NAMESPACE,
    "one_hot": "Write farrier.unsqueeze(x, -1) == farrier.arange(classes, farrier.int32).",
    "pi": "Write math.pi.",
    "randint": "Write farrier.cast(farrier.rand(shape) * high, farrier.int32).",
    "random": _NAMESPACE,
    "roll": "Write farrier.concatenate([x[-n:], x[:-n]], 0).",
    "save": _FILES,
    "scatter": _NO_SCATTER,
    "scatter_add": _NO_SCATTER,
    "scatter_reduce": _NO_SCATTER,
    "set_default_dtype": "Give tensors and layers a dtype; without one they are float32.",
    "special": _NAMESPACE,
    "std": "Write farrier.sqrt(farrier.var(x)).",
    "stop_gradient": _NONE,
    "take_along_axis": "farrier.gather selects whole slices; its index has no other dimensions.",
    "take_along_dim": "farrier.gather selects whole slices; its index has no other dimensions.",
    "tile": "Write farrier.concatenate([x, x], 0).",
    "unique": _MASK,
    "var_mean": "Write farrier.var and farrier.mean.",
}
"""Names of other libraries without a counterpart, with what to do."""

METHODS: dict[str, str] = {
    "H": "Write x.transpose(-2, -1).",
    "T": "Write x.transpose(-2, -1).",
    "backward": _NONE,
    "bool": "Write x.cast(farrier.bool).",
    "byte": "Write x.cast(farrier.uint8).",
    "contiguous": _SAME,
    "cpu": _SAME,
    "cuda": _SAME,
    "data": _SAME,
    "detach": _SAME,
    "dim": "Write x.ndim.",
    "double": "Write x.cast(farrier.float64).",
    "fill_": "Write farrier.full_like(x, value).",
    "float": "Write x.cast(farrier.float32).",
    "half": "Write x.cast(farrier.float16).",
    "int": "Write x.cast(farrier.int32).",
    "long": "Write x.cast(farrier.int64).",
    "mT": "Write x.transpose(-2, -1).",
    "nbytes": "Write math.prod(x.shape) * x.dtype.itemsize.",
    "nelement": "Write math.prod(x.shape).",
    "new_full": "Write farrier.full(shape, value, x.dtype).",
    "new_ones": "Write farrier.ones(shape, x.dtype).",
    "new_tensor": "Write farrier.Tensor(data, x.dtype).",
    "new_zeros": "Write farrier.zeros(shape, x.dtype).",
    "numel": "Write math.prod(x.shape).",
    "requires_grad": _NONE,
    "requires_grad_": _NONE,
    "stride": "Tensors have no strides: they are contiguous.",
    "to": "Write x.cast(dtype): eager tensors live on the CPU.",
    "type": "Write x.cast(dtype).",
    "type_as": "Write x.cast(other.dtype).",
    "unfold": "Write farrier.stack of slices.",
    "zero_": "Write farrier.zeros_like(x).",
}
"""Methods of other libraries' tensors that are not one of Farrier's under another name."""

MODULE_METHODS: dict[str, str] = {
    "add_module": "Assign the layer to an attribute.",
    "bfloat16": "Give the layers dtype=farrier.bfloat16.",
    "buffers": "All are parameters: see named_parameters().",
    "cpu": "Choose the device when compiling: farrier.compile(..., target='cpu').",
    "cuda": "Choose the device when compiling: farrier.compile(..., target='cuda').",
    "eval": _NONE,
    "half": "Give the layers dtype=farrier.float16.",
    "named_buffers": "All are parameters: see named_parameters().",
    "register_buffer": "Assign the tensor to an attribute.",
    "register_module": "Assign the layer to an attribute.",
    "register_parameter": "Assign the parameter to an attribute.",
    "requires_grad_": _NONE,
    "to": "Give the layers a dtype, and choose the device when compiling.",
    "train": _NONE,
    "training": _NONE,
    "zero_grad": _NONE,
}
"""Methods of torch's Modules, with what to do."""


def hint(name: str, names: Collection[str]) -> str:
    """Return the end of an error message about a name that Farrier's namespace lacks.

    Args:
        name: the name, maybe another library's.
        names: the names that exist.

    Example:
        >>> hint("mul", ["matmul", "multiply"])
        " Did you mean: 'multiply'?"
    """
    if name in NAMES:
        return f" Did you mean: '{NAMES[name]}'?"
    if name in ADVICE:
        return f" {ADVICE[name]}"
    return misspelt(name, names)


def method_hint(name: str, methods: Collection[str], names: Collection[str]) -> str:
    """Return the end of an error message about a method that tensors lack.

    Args:
        name: the name, maybe of a function, or another library's.
        methods: the methods that exist.
        names: the names of the functions that exist.
    """
    if name in METHODS:
        return f" {METHODS[name]}"
    other = name if name in names else NAMES.get(name, "")
    if other in methods:
        return f" Did you mean: '{other}'?"
    if other in names:
        return f" Did you mean: 'farrier.{other}'?"
    if name in ADVICE:
        return f" {ADVICE[name]}"
    return _in_place_hint(name, names) or misspelt(name, methods)


def _in_place_hint(name: str, names: Collection[str]) -> str:
    """Return a hint at the function of a method that would change its tensor, such as `add_`."""
    if name.startswith("_") or not name.endswith("_"):
        return ""
    if (other := name[:-1]) in ADVICE:
        return f" {ADVICE[other]}"
    function = NAMES.get(other, other)
    text = f" Tensors cannot be changed in place: farrier.{function} returns a new one."
    return text if function in names else ""


def misspelt(name: str, names: Collection[str]) -> str:
    """Return the end of an error message about a name that may be misspelt."""
    public = [each for each in names if not each.startswith("_")]
    alike = [] if name.startswith("_") else near(name, public)
    return f" Did you mean: '{alike[0]}'?" if alike else ""
