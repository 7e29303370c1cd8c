"""The logger: levels, sets of levels, paths, lazy and repeated messages."""

from __future__ import annotations

import logging
from typing import Any

import pytest

import farrier as fr
from support.messages import message


def test_a_level_shows_itself_and_what_is_above(caplog: pytest.LogCaptureFixture) -> None:
    with fr.logger.use_verbosity("info"):
        fr.logger.verbose("no")
        fr.logger.info("yes")
        fr.logger.error("too")
    assert caplog.messages == ["yes", "too"]


def test_a_set_shows_its_levels_only(caplog: pytest.LogCaptureFixture) -> None:
    with fr.logger.use_verbosity({"ir", "info"}):
        for level in ("trace", "ir", "mlir", "timing", "verbose", "info", "warning", "error"):
            getattr(fr.logger, level)(level)
    assert caplog.messages == ["ir", "info"]


def test_the_longest_path_decides(caplog: pytest.LogCaptureFixture) -> None:
    with fr.logger.use_verbosity({"": "info", __file__: "error"}):
        fr.logger.info("from here")
        fr.logger.error("an error from here")
        logging.getLogger("farrier").handle(
            logging.LogRecord("farrier", logging.INFO, "/other.py", 1, "from there", None, None)
        )
    assert caplog.messages == ["an error from here", "from there"]


def test_messages_are_lazy_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    def unused() -> str:
        raise AssertionError

    with fr.logger.use_verbosity("warning"):
        fr.logger.info(unused)
        for _ in range(2):
            fr.logger.warning(lambda: "lazy", mode="once")
        with fr.logger.indent():
            fr.logger.warning("inner")
    assert caplog.messages == ["lazy", "    inner"]


def test_messages_have_no_colours() -> None:
    assert fr.logger.enable_color is False


def test_verbosity_is_restored() -> None:
    before = fr.logger.verbosity
    with fr.logger.use_verbosity("trace"):
        assert fr.logger.verbosity == "trace"
    assert fr.logger.verbosity == before


@pytest.mark.parametrize(
    ("level", "text"),
    [
        ("wraning", "There is no message level 'wraning'. Did you mean 'warning'?"),
        (
            3,
            "There is no message level '3'. "
            "Choose one of trace, ir, mlir, timing, verbose, info, warning, error.",
        ),
        (
            "loud",
            "There is no message level 'loud'. "
            "Choose one of trace, ir, mlir, timing, verbose, info, warning, error.",
        ),
    ],
)
def test_unknown_level(level: Any, text: str) -> None:
    with pytest.raises(fr.ArgumentError) as raised:
        fr.logger.verbosity = level
    assert message(raised.value) == text
