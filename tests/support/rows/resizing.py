"""Rows of resizing."""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

from typing import Any

import numpy as np

import farrier as fr
from farrier_runtime import dtypes
from support.records import ANY, FLOATS, NUMBERS, Operand, Record, Refusal, wrong_dtype

INPUT = Operand((2, 3, 5, 7))
TORCH = {"nearest": "nearest-exact", "linear": "bilinear", "cubic": "bicubic"}


def _row(label: str, mode: Any, size: tuple[int, int], align: bool = False) -> Record:
    def torch(x: Any) -> Any:
        from torch.nn.functional import interpolate

        options = {} if mode == "nearest" else {"align_corners": align}
        wide = interpolate(x.double(), size=size, mode=TORCH[mode], **options)
        return wide.to(x.dtype)

    return Record(
        f"resize{label}",
        lambda x: fr.resize(x, (2, 3, *size), mode=mode, align_corners=align),
        (INPUT,),
        ANY if mode == "nearest" else FLOATS,
        torch=torch,
        tolerance=4,
    )


def _scaled(x: Any) -> Any:
    from torch.nn.functional import interpolate

    wide = interpolate(x.double(), scale_factor=(1.7, 0.6), mode="bilinear")
    return wide.to(x.dtype)


def _doubled(mode: Any) -> Any:
    return lambda x: fr.resize(x, scales=(1, 1, 2), mode=mode)


def _doubled_exactly(mode: Any) -> Any:
    def resized(x: Any) -> Any:
        """Return the resized float64 numbers, rounded and within the integers' range."""
        wide = _doubled(mode)(fr.Tensor(x.astype(np.float64))).numpy()
        limits = np.iinfo(x.dtype)
        return np.clip(np.rint(wide), limits.min, limits.max).astype(x.dtype)

    return resized


ROWS = [
    _row("", "linear", (9, 11)),
    _row("/smaller", "linear", (2, 3)),
    _row("/corners", "linear", (9, 4), align=True),
    _row("/one", "linear", (1, 1), align=True),
    _row("/nearest", "nearest", (9, 4)),
    _row("/cubic", "cubic", (9, 4)),
    _row("/cubic_corners", "cubic", (3, 11), align=True),
    Record(
        "resize/scales",
        lambda x: fr.resize(x, scales=(1, 1, 1.7, 0.6)),
        (INPUT,),
        torch=_scaled,
        tolerance=4,
        refused=(
            Refusal(
                lambda: fr.resize(fr.ones((2, 3)), scales=(2,)),
                fr.ShapeError,
                "resize got scales=(2,) for float32 (2, 3): give one for each dimension.",
            ),
            wrong_dtype("resize", lambda x: fr.resize(x, (4, 6)), NUMBERS),
        ),
    ),
    # Twice the size: the weights are multiples of 1/256, and sums exact in any order.
    *(
        Record(
            f"resize/{mode}_integers",
            _doubled(mode),
            (Operand((2, 3, 5), -128, 127),),
            (dtypes.int8, dtypes.uint8, dtypes.int32),
            reference=_doubled_exactly(mode),
        )
        for mode in ("linear", "cubic")
    ),
    Record("resize/all", lambda x: fr.resize(x, (3, 2, 6, 5)), (INPUT,), tolerance=4),
]
