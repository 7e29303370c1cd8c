"""The command line itself: commands, help and usage errors."""

from __future__ import annotations

import pytest

import farrier as fr
from support.command import Run


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("", "no command was given (see 'farrier --help')"),
        (
            "complie model.py:Net",
            "there is no command 'complie'; did you mean 'compile'? (see 'farrier --help')",
        ),
        (
            "compile",
            "the following arguments are required: MODEL (see 'farrier compile --help')",
        ),
        (
            "compile model.py:Net --weight w.npz",
            "unexpected argument '--weight'; did you mean '--weights'? "
            "(see 'farrier compile --help')",
        ),
        (
            "compile model.py:Net other.py:Net",
            "unexpected argument 'other.py:Net' (see 'farrier compile --help')",
        ),
        (
            "compile model.py:Net --seed one",
            "argument --seed: invalid int value: 'one' (see 'farrier compile --help')",
        ),
        ("run net.vmfb --seed -1", "--seed -1: give a whole number that is not negative."),
        (
            "compile model.py:Net --layout dense",
            "argument --layout: invalid choice: 'dense' (choose from 'tiled', 'compact') "
            "(see 'farrier compile --help')",
        ),
        (
            "run net.vmfb --benchmark many",
            "argument --benchmark: invalid int value: 'many' (see 'farrier run --help')",
        ),
    ],
)
def test_wrong_usage(run: Run, words: str, text: str) -> None:
    assert run(*words.split()) == (2, "", f"farrier: error: {text}\n")


def test_version(run: Run) -> None:
    assert run("--version") == (0, f"farrier {fr.__version__}\n", "")


@pytest.mark.parametrize("command", ["compile", "inspect", "run", "targets"])
def test_help(run: Run, command: str) -> None:
    status, output, errors = run(command, "--help")
    assert (status, errors) == (0, "")
    assert output.startswith(f"usage: farrier {command} ")
