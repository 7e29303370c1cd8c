"""Eager evaluation that runs out of memory."""

from __future__ import annotations

import pytest

import farrier as fr
from farrier_compiler.ops.elementwise import Multiply


def test_too_little_memory_is_told_in_gigabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    def reference(*_: object) -> None:
        raise MemoryError

    product = fr.ones((2**10, 1)) * fr.ones((2**20,))
    monkeypatch.setattr(Multiply, "reference", reference)
    with pytest.raises(fr.DeviceError) as caught:
        product.eval()
    assert str(caught.value).startswith(
        "There is not enough memory to compute multiply: its result, float32 (1024, 1048576), "
        "takes 4.29 GB, beside its operands and what NumPy needs in between. Compute less at once."
    )


def test_the_tensor_can_be_evaluated_when_there_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def reference(*_: object) -> None:
        raise MemoryError

    product = fr.Tensor([2.0]) * 3
    with monkeypatch.context() as patch:
        patch.setattr(Multiply, "reference", reference)
        with pytest.raises(fr.DeviceError):
            product.eval()
    assert product.tolist() == [6.0]
