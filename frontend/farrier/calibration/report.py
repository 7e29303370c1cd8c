"""The quantisation report: a table of what was done to each layer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from farrier_runtime.dtypes import dtype

Range = tuple[float, float]


@dataclass(frozen=True)
class QuantizationRow:
    """The quantisation of one layer.

    Attributes:
        name: the dotted name, as in `state_dict`; that of the outermost Module is empty.
        class_name: the layer's class.
        dtype: the original data type of the weight.
        quant_dtype: the data type that the weight is quantised to; None: it is unchanged.
        note: why a layer is unchanged, or that no batch called it; empty otherwise.
        weight_quant_dim: the dimension of the weight with a scale for each position.
        block: the shape of the parts of the weight that share a scale; None: there are no blocks.
        weight_range: the smallest and the largest element of the weight.
        weight_scale: the smallest and the largest scale of the weight.
        input_range: the range of inputs that the observer chose; 0 is represented too.
        input_scale: the scale of the input; None: it is not quantised.
        input_zero_point: the integer that represents an input of 0; None: 0.
        weight_snr: the signal-to-noise ratio of the weight in decibel,
            `10 log10(sum(w^2) / sum((w - w_q)^2))`.
        output_snr: that of the layer's output for calibration inputs; None: there were none.
        bytes_before: the memory of the original weight.
        bytes_after: the memory of the stored weight, its scales and those of the input.
    """

    name: str
    class_name: str
    dtype: dtype
    quant_dtype: dtype | None
    bytes_before: int
    bytes_after: int
    note: str = ""
    weight_quant_dim: int | None = None
    block: tuple[int, ...] | None = None
    weight_range: Range | None = None
    weight_scale: Range | None = None
    input_range: Range | None = None
    input_scale: float | None = None
    input_zero_point: int | None = None
    weight_snr: float | None = None
    output_snr: float | None = None


@dataclass(frozen=True, repr=False)
class QuantizationReport:
    """What `quantize_module` did, printed as a table.

    Attributes:
        scheme: the scheme's name.
        observer: the observer's name.
        rows: the layers that can be quantised, in the order of `named_modules`.
        bytes_before: the memory of their original weights; a shared weight counts once.
        bytes_after: the memory of their stored weights and scales.
    """

    scheme: str
    observer: str
    rows: tuple[QuantizationRow, ...]
    bytes_before: int
    bytes_after: int

    @property
    def ratio(self) -> float:
        """The memory after quantisation, relative to that before."""
        return self.bytes_after / self.bytes_before

    def __repr__(self) -> str:
        total = ("Total", f"{self.ratio:.1%}", *[""] * 6)
        sizes = (f"{self.bytes_before:,}", f"{self.bytes_after:,}")
        lines = [_HEAD, *map(_cells, self.rows), (*total, *sizes)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        texts = [_aligned(line, widths) for line in lines]
        rule = "-" * max(map(len, texts))
        return "\n".join([texts[0], rule, *texts[1:-1], rule, texts[-1]])


_HEAD = (
    "Layer",
    "Stored as",
    "Weight scale",
    "Input range",
    "Input scale",
    "Zero point",
    "Weight SNR",
    "Output SNR",
    "Bytes",
    "After",
)
_TEXTS = 4  # the number of left-aligned text columns; number columns follow


def _cells(row: QuantizationRow) -> tuple[str, ...]:
    return (
        f"{row.name}: {row.class_name}".removeprefix(": "),
        _stored(row),
        _range(row.weight_scale),
        _range(row.input_range),
        "-" if row.input_scale is None else f"{row.input_scale:.4g}",
        "-" if row.input_zero_point is None else str(row.input_zero_point),
        _decibel(row.weight_snr),
        _decibel(row.output_snr),
        f"{row.bytes_before:,}",
        f"{row.bytes_after:,}",
    )


def _stored(row: QuantizationRow) -> str:
    parts = [str(row.quant_dtype or row.dtype)]
    if row.weight_quant_dim is not None:
        parts.append(f"dim {row.weight_quant_dim}")
    if row.block is not None:
        parts.append(f"blocks {'x'.join(map(str, row.block))}")
    return ", ".join([*parts, *filter(None, [row.note])])


def _range(ends: Range | None) -> str:
    if ends is None:
        return "-"
    low, high = (f"{end:.3g}" for end in ends)
    return low if low == high else f"{low} to {high}"


def _decibel(ratio: float | None) -> str:
    if ratio is None:
        return "-"
    return "exact" if ratio == math.inf else f"{ratio:.1f} dB"


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(_justified(cells, widths)).rstrip()


def _justified(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for column, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        yield cell.ljust(width) if column < _TEXTS else cell.rjust(width)
