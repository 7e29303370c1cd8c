"""quantize_module: post-training quantisation of a model."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import astuple, replace
from typing import Any, TypeVar

import numpy as np

from farrier.calibration.observing import (
    ObservedLayer,
    decibel,
    observe_layers,
    output_snr,
    own_formula,
    powers,
)
from farrier.calibration.report import QuantizationReport, QuantizationRow
from farrier.calibration.scales import fit_input
from farrier.calibration.schemes import Settings
from farrier.calibration.weights import fit_weight, grouping
from farrier.modules import containers
from farrier.modules.module import Module
from farrier.modules.parameter import OptionalParameter, is_unset
from farrier.modules.quantizable import Quantizable
from farrier.ops.arguments import flag
from farrier.ops.quantization import dequantize
from farrier.tensor import Tensor
from farrier_compiler.diagnostics import explain
from farrier_compiler.graph import Array
from farrier_runtime.errors import ArgumentError

Model = TypeVar("Model", bound=Module)

_REPORT = "_quantization_report"
_LISTED = 5  # names in a message
_NEVER_CALLED = "never called"


def quantize_module(
    model: Model,
    calibration_batches: Any = None,
    scheme: str = "int8",
    per_channel: bool = True,
    observer: str = "minmax",
    percentile: float = 99.99,
) -> Model:
    """Return a copy of a trained model with quantised layers; `model` is not changed.

    `Linear`, `Conv`, `ConvTranspose`, `Embedding` and classes derived from them get `quant_dtype`,
    `weight_quant_dim` and `weight_scale`. With "int8" and "float8" each also gets an `input_scale`,
    calibrated on its inputs when `model` is called with the batches. An int8 input whose range is
    not symmetric around 0, as after `relu`, gets an `input_zero_point`.

    Some layers are not changed, and the report says why: those that are quantised already; those
    whose weights are not floats of at least 16 bits; those that no batch calls, if inputs are to
    be quantised; and those whose class overrides `forward` and was not observed to call
    `super().forward` or `operands`.

    Args:
        model: a Module whose parameters are set.
        calibration_batches: an iterable of inputs, used once: each is a tensor or an array, a tuple
            of positional arguments, or a dict of keyword arguments. Weight-only schemes can do
            without, but the report then has no signal-to-noise ratios of outputs.
        scheme: "int8" or "float8"; or weight-only, "int8-weight-only" or "int4-weight-only".
        per_channel: whether there is a scale for each output channel, or token of an `Embedding`;
            in int4, for each block of 64 weights of an output of `Linear` (32 or 16 if 64 does
            not divide them). Otherwise each weight has one scale.
        observer: the range of inputs and weights to represent: "minmax", the whole range;
            "percentile", without the outermost numbers; "mse", the one with the least squared
            error.
        percentile: where "percentile" clips large numbers, and as many small ones.

    Returns:
        The copy; `quantization_report` describes what was done.

    Raises:
        ArgumentError: the scheme or observer is unknown, nothing is left to quantise, a parameter
            is unset, batches are missing or do not fit, or a number is NaN or infinite.

    Example:
        >>> net = fr.Sequential(fr.Linear(64, 32), fr.relu, fr.Linear(32, 8))
        >>> net.reset_parameters()
        >>> small = fr.quantize_module(net, [fr.ones((1, 64)) * i for i in range(4)])
        >>> print(small[2].quant_dtype, small[2].input_zero_point, net[2].quant_dtype)
        int8 tensor(-128, dtype=int8, loc=cpu:0, shape=()) None
    """
    settings = Settings(
        scheme, flag("quantize_module's per_channel", per_channel), observer, percentile
    )
    settings.check()
    layers = _layers(model)
    settings.check_data(calibration_batches)
    observed: Mapping[str, ObservedLayer] = {}
    if calibration_batches is not None:
        observed = observe_layers(model, layers, calibration_batches, settings.new_observer)
    copied = _copy(model)
    copies: dict[str, Any] = {n: layer for n, layer in copied.named_modules() if n in layers}
    rows = [_row(name, layer, copies[name], settings, observed) for name, layer in layers.items()]
    sizes = _sizes(layers.values()), _sizes(copies.values())
    object.__setattr__(copied, _REPORT, QuantizationReport(scheme, observer, tuple(rows), *sizes))
    return copied


def quantization_report(module: Any) -> QuantizationReport:
    """Return what `quantize_module` did to each layer of the module that it returned.

    Args:
        module: the result of `quantize_module`, or a copy of it.

    Returns:
        A QuantizationReport, which prints as a table; `rows` and the totals are its data.

    Raises:
        ArgumentError: `quantize_module` did not make this module.

    Example:
        >>> net = fr.Linear(64, 32)
        >>> net.reset_parameters()
        >>> small = fr.quantize_module(net, scheme="int8-weight-only")
        >>> report = fr.quantization_report(small)
        >>> report.bytes_before, report.bytes_after, report.rows[0].weight_quant_dim
        (8192, 2176, 0)
    """
    report = vars(module).get(_REPORT) if isinstance(module, Module) else None
    if not isinstance(report, QuantizationReport):
        problem = (
            f"There is no report on this {type(module).__name__}: quantization_report takes what "
            "quantize_module returned."
        )
        raise explain(ArgumentError(problem))
    return report


# ------------------------------------------------------------------ the model


def _layers(model: Any) -> dict[str, Quantizable]:
    """Return the layers that can be quantised, by name."""
    if not isinstance(model, Module):
        problem = f"quantize_module takes a Module, not a {type(model).__name__}."
        raise explain(ArgumentError(problem))
    label, state = type(model).__name__, model.state_dict()
    layers = {n: layer for n, layer in model.named_modules() if isinstance(layer, Quantizable)}
    if not layers:
        classes = "Linear, Conv, ConvTranspose and Embedding"
        problem = f"{label} has no layer that can be quantized: those are {classes}."
        raise explain(ArgumentError(problem))
    if all(layer.quant_dtype is not None for layer in layers.values()):
        problem = f"{label} has no layer left to quantize: its {len(layers)} are quantized already."
        raise explain(ArgumentError(problem))
    _check_set(label, state)
    return layers


def _check_set(label: str, state: Mapping[str, Tensor]) -> None:
    unset = [
        name
        for name, tensor in state.items()
        if is_unset(tensor) and not isinstance(tensor, OptionalParameter)
    ]
    if unset:
        more = f" and {len(unset) - _LISTED} more" if len(unset) > _LISTED else ""
        raise explain(
            ArgumentError(
                f"These parameters of {label} are not set: {', '.join(unset[:_LISTED])}{more}. Set "
                "them (load_state_dict, load_weights or reset_parameters) before it is quantized."
            )
        )


def _copy(model: Model) -> Model:
    """Return a copy with its own modules and containers, but the same tensors.

    Raises:
        ArgumentError: the model holds something that cannot be copied.
    """
    shared = [
        tensor
        for _, module in model.named_modules()
        for _, tensor in containers.find(containers.attributes(module), (Tensor,))
    ]
    try:
        return copy.deepcopy(model, {id(tensor): tensor for tensor in shared})
    except TypeError as error:
        problem = f"quantize_module works on a copy, but {type(model).__name__} has none: {error}."
        raise explain(ArgumentError(problem)) from error


def _sizes(layers: Iterable[Any]) -> int:
    """Return the bytes of the stored weights of layers; shared weights count once."""
    return sum({_stored(layer): _bytes(layer) for layer in layers}.values())


def _stored(layer: Quantizable) -> Any:
    """Return a key that is equal for layers with the same stored weight."""
    scale = layer.weight_scale
    key = None if scale is None else scale.numpy().tobytes()
    return id(layer.weight.value), layer.quant_dtype, layer.weight_quant_dim, key


def _bytes(layer: Quantizable) -> int:
    scales = [layer.weight_scale, layer.input_scale, layer.input_zero_point]
    parameters = [tensor for tensor in scales if tensor is not None and not is_unset(tensor)]
    bits = (layer.quant_dtype or layer.weight.dtype).bits * layer.weight.value.type.size
    return -(-bits // 8) + sum(tensor.numpy().nbytes for tensor in parameters)


# ------------------------------------------------------------------ its layers


def _row(
    name: str,
    layer: Quantizable,
    copied: Any,
    settings: Settings,
    observed: Mapping[str, ObservedLayer],
) -> QuantizationRow:
    """Quantise the copy of a layer if possible, and return its row of the report."""
    weight, statistics = _numbers(layer.weight), observed.get(name)
    _check_finite(name or type(layer).__name__, weight)
    ends, size = (float(weight.min()), float(weight.max())), _bytes(layer)
    dtypes = layer.weight.dtype, layer.quant_dtype
    row = QuantizationRow(name, type(layer).__name__, *dtypes, size, size, weight_range=ends)
    if reason := _reason_to_keep(layer, settings, statistics):
        return replace(row, note=reason)
    return _quantized(row, layer, copied, settings, statistics)


def _check_finite(name: str, weight: Array) -> None:
    if not np.isfinite(weight).all():
        problem = f"The weight of layer '{name}' has elements that are NaN or infinite."
        raise explain(ArgumentError(problem))


def _reason_to_keep(layer: Quantizable, settings: Settings, observed: ObservedLayer | None) -> str:
    """Return why a layer is not changed, or an empty text if it is."""
    if layer.quant_dtype is not None:
        return "as it was"
    if not layer.weight.dtype.is_floating or layer.weight.dtype.bits < 16:
        return "no floats of 16 bits"
    if observed is not None and observed.called:
        return ""
    if own_formula(layer):
        return "a forward of its own"
    return _NEVER_CALLED if settings.inputs else ""


def _quantized(
    row: QuantizationRow,
    layer: Quantizable,
    copied: Any,
    settings: Settings,
    observed: ObservedLayer | None,
) -> QuantizationRow:
    """Quantise the copy of a layer, and return its row of the report."""
    group = grouping(layer, settings.storage, settings.per_channel)
    scales = fit_weight(_numbers(layer.weight), layer.weight.dtype, group, settings)
    quantized: Quantizable = copied
    quantized.quantize_by(settings.storage, group.dim, Tensor(scales))
    if settings.inputs and observed is not None and layer.quantizes_input:
        row = _with_input(row, quantized, observed, settings)
    return replace(
        row,
        quant_dtype=settings.storage,
        note=_NEVER_CALLED if observed is not None and not observed.called else "",
        weight_quant_dim=group.dim,
        block=(1, group.block) if group.block else None,
        weight_scale=(float(scales.min()), float(scales.max())),
        weight_snr=_weight_snr(quantized),
        output_snr=None if observed is None else output_snr(observed.samples, layer, quantized),
        bytes_after=_bytes(quantized),
    )


def _with_input(
    row: QuantizationRow, quantized: Quantizable, observed: ObservedLayer, settings: Settings
) -> QuantizationRow:
    """Set the scale and the zero point of the input."""
    ends = observed.observer.range(settings.storage)
    scale, zero_point = astuple(fit_input(*ends, settings.storage, quantized.dtype))
    quantized.input_scale = Tensor(np.asarray(scale, quantized.dtype.numpy))
    if zero_point is not None:
        quantized.input_zero_point = Tensor(zero_point, settings.storage)
    return replace(row, input_range=ends, input_scale=scale, input_zero_point=zero_point)


def _weight_snr(layer: Quantizable) -> float:
    scale = layer.weight_scale
    assert scale is not None
    dim = layer.weight_quant_dim
    rounded = dequantize(layer.quantized_weight(), scale, layer.weight.dtype, dim)
    return decibel(*powers(layer.weight.numpy(), rounded.numpy()))


def _numbers(weight: Tensor) -> Array:
    """Return the elements in a data type in which numpy computes fast."""
    array = weight.numpy()
    return array if array.dtype == np.float64 else array.astype(np.float32)
