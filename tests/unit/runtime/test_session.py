"""The wording kept of IREE's errors."""

from __future__ import annotations

import pytest

from farrier_runtime.errors import DeviceError
from farrier_runtime.session import Place, reason


def test_source_file_status_and_trace_are_left_out() -> None:
    error = RuntimeError("a/b.c:12: NOT_FOUND; no such thing; while loading; \nframe 1\nframe 2")
    assert reason(error) == "no such thing"


def test_pages_of_ir_are_cut() -> None:
    text = reason(ValueError("x.c:1: INCOMPATIBLE; device `#hal" + "+avx," * 2000 + "` not found"))
    assert text.startswith("device `#hal+avx,")
    assert text.endswith("+avx,` not found")
    assert len(text) == 305


def test_an_error_without_a_text() -> None:
    assert reason(ValueError()) == "ValueError"


def test_the_error_of_a_signal_handler_stays_what_it_is() -> None:
    try:
        raise ValueError("too late")
    except ValueError as error:
        with pytest.raises(ValueError, match="too late"):
            reason(error)


def test_a_driver_that_iree_lacks() -> None:
    with pytest.raises(DeviceError) as raised:
        Place("abacus", 0).open()
    assert str(raised.value) == (
        "IREE's driver abacus cannot open device 0: no driver 'abacus' registered"
    )
