"""Affine parameters of quantised tensors, for builders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from farrier_compiler.stablehlo.emitter import HloValue


@dataclass(frozen=True)
class AffineParameters:
    """The scales and zero points by which `x` represents `(x - zero_point) * scale`.

    Attributes:
        scale: a scalar; a vector, with `dim`; or a scale for each block, of the tensor's rank.
        zero_point: a scalar, or of the scale's shape; None: 0.
        dim: the dimension with a scale for each index.
    """

    scale: HloValue
    zero_point: HloValue | None
    dim: int | None
