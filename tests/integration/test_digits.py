"""The int8 digits network: its accuracy, its size, and the demo that shows both."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import farrier as fr
from support.examples import ROOT as EXAMPLES, model_of

ROOT = EXAMPLES / "digits"


@pytest.fixture(scope="module")
def net() -> Any:
    network = model_of("digits").Net()
    network.load_weights(ROOT / "digits.safetensors")
    return network


@pytest.fixture(scope="module")
def images() -> Any:
    with np.load(ROOT / "calibration.npz") as data:
        return data["x"]


def held_out() -> tuple[Any, Any]:
    with np.load(ROOT / "test_split.npz") as split:
        return split["images"][:, None].astype(np.float32) / np.float32(16), split["labels"]


def test_calibration_images_are_not_held_out_images(images: Any) -> None:
    assert (images.shape, images.dtype) == ((64, 1, 8, 8), np.float32)
    training_images = {image.tobytes() for image in held_out()[0]}
    assert training_images.isdisjoint(image.tobytes() for image in images)


@pytest.mark.parametrize("observer", ["minmax", "percentile", "mse"])
@pytest.mark.parametrize("scheme", ["int8", "int8-weight-only"])
def test_int8_keeps_the_accuracy_in_fewer_bytes(
    net: Any, images: Any, scheme: str, observer: str
) -> None:
    """At most half a percent of the scans are lost, and the weights take at most 27 %."""
    scans, labels = held_out()
    small = fr.quantize_module(net, [images], scheme, observer=observer)
    right = [int((m(fr.Tensor(scans)).numpy().argmax(1) == labels).sum()) for m in (net, small)]
    assert right[0] == 359
    assert right[1] >= right[0] - 0.005 * len(labels)
    report = fr.quantization_report(small)
    assert report.bytes_before == sum(w.value.type.size * 4 for w in weights(net))
    assert report.bytes_after <= 0.27 * report.bytes_before


def weights(net: Any) -> list[fr.Tensor]:
    return [net.conv1.weight, net.conv2.weight, net.conv3.weight, net.head.weight]


def test_the_compiled_network_is_as_accurate(net: Any, images: Any) -> None:
    scans, labels = held_out()
    small = fr.quantize_module(net, [images])
    x = fr.InputInfo((len(scans), 1, 8, 8), fr.float32)
    result = np.asarray(fr.compile(small, args=[x], target="cpu")(fr.Tensor(scans)))
    expected = small(fr.Tensor(scans)).numpy()
    # A difference in rounding changes an integer by one, and so a score by a few steps.
    assert np.abs(result - expected).max() < 0.02 * np.abs(expected).max()
    assert int((result.argmax(1) == labels).sum()) >= 359 - 0.005 * len(labels)


def test_the_demo_reads_the_digits(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-X", "utf8", ROOT / "demo.py"]
    done = subprocess.run(
        command, capture_output=True, check=True, cwd=tmp_path, timeout=200, encoding="utf-8"
    )
    line = r"^{:<9} 99\.[1-9]% right \(35{} of 360 held-out scans\), \d+ us an image \("
    assert re.search(line.format("float32", 9), done.stdout, re.MULTILINE)
    assert re.search(line.format("int8", "[789]"), done.stdout, re.MULTILINE)
    assert "In int8, the weights take 25.5% of the bytes:" in done.stdout
    sizes = [(tmp_path / "build" / f"{name}.vmfb").stat().st_size for name in FILES]
    assert sizes[1] < 0.6 * sizes[0]  # both hold code too


FILES = ["digits", "digits-int8"]
