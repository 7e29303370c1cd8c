"""The report on the error of quantisation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import farrier as fr
from support.calibration import Users, draw, rows, snr


def test_the_ratios_are_those_of_the_layers() -> None:
    model: Any = fr.Sequential(fr.Linear(64, 32), fr.relu, fr.Linear(32, 8))
    model.reset_parameters(2)
    x = fr.Tensor(draw(100, 64))
    small = fr.quantize_module(model, [x])
    hidden = fr.relu(model[0](x))
    first, second = fr.quantization_report(small).rows
    assert first.output_snr == pytest.approx(snr(model[0](x), small[0](x)))
    assert second.output_snr == pytest.approx(snr(model[2](hidden), small[2](hidden)))
    weight = small[0].quantized_weight().numpy() * small[0].weight_scale.numpy()[:, None]
    assert first.weight_snr == pytest.approx(snr(model[0].weight, weight), abs=1e-3)
    weight = model[0].weight.numpy()
    assert first.weight_range == (weight.min(), weight.max())
    scales = small[0].weight_scale.numpy()
    assert first.weight_scale == (scales.min(), scales.max())


def test_the_table() -> None:
    model = Users()
    for layer in (model.scaled, model.normalized, model.plain):
        layer.initialize_dummy_parameters()
    small = fr.quantize_module(model, [np.eye(6, dtype=np.float32)])
    text = str(fr.quantization_report(small))
    cut = text.index("Input range")  # the lines are too long for this file
    assert "".join(f"{line[:cut]}".rstrip() + "\n" for line in text.splitlines()) == LEFT
    assert "".join(f"{line[cut:]}\n" for line in text.splitlines()) == RIGHT


LEFT = """\
Layer                   Stored as                      Weight scale
------------------------------------------------------------------------
scaled: Scaled          int8, dim 0                    0.0394 to 0.276
normalized: Normalized  float32, a forward of its own  -
plain: Linear           int8, dim 0                    0.0394 to 0.181
------------------------------------------------------------------------
Total                   66.1%
"""

RIGHT = """\
Input range  Input scale  Zero point  Weight SNR  Output SNR  Bytes  After
--------------------------------------------------------------------------
0 to 3           0.01176        -128     52.1 dB     52.5 dB    144     65
-                      -           -           -           -    144    144
29.9 to 358        1.403        -128     51.2 dB     54.7 dB     96     45
--------------------------------------------------------------------------
                                                                384    254
"""


def test_bytes() -> None:
    model: Any = fr.Sequential(fr.Linear(63, 5), fr.Conv(4, 8, (3,)))
    model.reset_parameters()
    first, second = fr.quantization_report(
        fr.quantize_module(model, scheme="int4-weight-only")
    ).rows
    assert (first.bytes_before, first.bytes_after) == (63 * 5 * 4, 158 + 5 * 4)  # 157.5 bytes
    assert (second.bytes_before, second.bytes_after) == (96 * 4, 48 + 8 * 4)
    layer: Any = fr.Linear(64, 5)
    layer.reset_parameters()
    report = fr.quantization_report(fr.quantize_module(layer, [fr.ones((1, 64))]))
    assert report.bytes_after == 64 * 5 + 5 * 4 + 4 + 1  # the input's scale and zero point
    assert report.ratio == report.bytes_after / (64 * 5 * 4)


def test_a_weight_that_layers_share_counts_once() -> None:
    model: Any = fr.Sequential(
        {"words": fr.Embedding(10, 8), "scores": fr.Linear(8, 10, bias=False)}
    )
    model.reset_parameters()
    model.scores.weight = model.words.weight
    report = fr.quantization_report(fr.quantize_module(model, scheme="int8-weight-only"))
    assert (report.bytes_before, report.bytes_after) == (320, 80 + 40)


def test_without_noise_and_without_signal() -> None:
    layer: Any = fr.Linear(2, 2, bias=False)
    layer.weight = [[127.0, 1.0], [2.0, 127.0]]
    small = fr.quantize_module(layer, [fr.ones((1, 2))], "int8-weight-only")
    assert rows(small)[""].output_snr == np.inf
    assert " exact " in str(fr.quantization_report(small))
    layer.weight = fr.zeros((2, 2))
    report = fr.quantization_report(fr.quantize_module(layer, [fr.zeros((1, 2))]))
    assert (report.rows[0].output_snr, report.rows[0].input_scale) == (np.inf, 1)
