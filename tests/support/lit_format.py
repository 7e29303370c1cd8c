"""A lit format for Python tools: each runs in a fork of the lit worker, which has imported Farrier.

Starting Python and importing Farrier and IREE takes 0.5 s; a fork takes 10 ms, starts from the
same state every time, and a crash in it fails one test only. What the forks do not understand
(shell redirections, other programs) goes to lit's own shell.
"""
# pyright: basic, reportMissingImports=false, reportMissingTypeStubs=false, reportMissingImports=false
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
import runpy
import shlex
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lit.Test
import lit.TestRunner
from filecheck.finput import FInput
from filecheck.matcher import Matcher
from filecheck.options import parse_argv_options
from filecheck.parser import Parser
from lit.formats import ShTest

SECONDS = 300  # after which a tool is killed
FARRIER = ["-m", "farrier.cli"]
PATHS = ("%s", "%S", "%t", "%T")  # quoted, since they may contain spaces
PRELOADED = ("farrier.cli", "farrier_compiler.driver", "support.show")


@dataclass
class Line:
    """One RUN line: a Python tool, filecheck, or a tool piped into filecheck.

    Attributes:
        text: the line, for the report of a failure.
        tool: the tool's arguments, without the interpreter; empty if filecheck reads a file.
        check: filecheck's arguments; empty if nothing is checked.
        fails: whether the tool must exit with an error.
        merge: whether the tool's errors join its output.
    """

    text: str
    tool: list[str]
    check: list[str]
    fails: bool = False
    merge: bool = False

    @classmethod
    def parse(cls, text: str) -> Line | None:
        """Return a RUN line, or None if it needs a shell."""
        lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
        start = words.index("filecheck") if "filecheck" in words else len(words)
        line = cls(text, words[:start], words[start:])
        return line if line._take_operators() and line._is_known() else None

    def _take_operators(self) -> bool:
        """Take out `not`, `2>&1` and `|`, and return whether no operator is left."""
        if self.tool and self.check and self.tool.pop() != "|":
            return False
        if self.tool[:1] == ["not"]:
            self.fails = bool(self.tool.pop(0))
        if self.tool[-3:] == ["2", ">&", "1"]:
            self.merge = True
            del self.tool[-3:]
        return not any(re.fullmatch(r"[();<>|&]+", word) for word in [*self.tool, *self.check])

    def _is_known(self) -> bool:
        if not self.tool:
            return bool(self.check) and not self.fails
        if self.tool.pop(0) != sys.executable or not self.tool:
            return False
        return self.tool[0].endswith(".py") or self.tool[:2] == FARRIER

    def run(self) -> str | None:
        """Run the tool and filecheck; return what is wrong, or None."""
        if not self.tool:
            return run_filecheck(self.check, "")
        status, output, errors = run_tool(self.tool, self.merge)
        complaint = None
        if (status != 0) != self.fails or status < 0:
            complaint = f"exit status {status}"
        elif self.check:
            complaint = run_filecheck(self.check, output)
        return complaint and f"{complaint}\n--- output\n{output}\n--- errors\n{errors}"


class ForkTest(ShTest):
    """Runs Python tools in forks, everything else as ShTest does."""

    def execute(self, test: Any, lit_config: Any) -> Any:
        """Run a test file."""
        given = (list(test.requires), list(test.unsupported), list(test.xfails))
        script = lit.TestRunner.parseIntegratedTestScript(test)
        if isinstance(script, lit.Test.Result):
            return script
        lines = _lines(test, script)
        if lines is None or sys.platform == "darwin" or not hasattr(os, "fork"):
            test.requires, test.unsupported, test.xfails = given  # it reads the file again
            return super().execute(test, lit_config)
        _prepare(test.config.environment)
        for line in lines:
            complaint = line.run()
            if complaint is not None:
                return lit.Test.Result(lit.Test.FAIL, f"RUN: {line.text}\n{complaint}")
        return lit.Test.Result(lit.Test.PASS)


def _lines(test: Any, script: Any) -> list[Line] | None:
    """Return the RUN lines; None if one needs a shell."""
    directory, base = lit.TestRunner.getTempPaths(test)
    os.makedirs(directory, exist_ok=True)
    substitutions = [
        (name, shlex.quote(text) if name in PATHS else text)
        for name, text in lit.TestRunner.getDefaultSubstitutions(test, directory, base)
    ]
    commands = lit.TestRunner.applySubstitutions(script, substitutions)
    lines = [Line.parse(re.sub(r"^%dbg\([^)]*\)", "", command)) for command in commands]
    parsed = [line for line in lines if line is not None]
    return parsed if len(parsed) == len(lines) else None


_prepared = False


def _prepare(environment: dict[str, str]) -> None:
    """Import once in this worker what every fork would import."""
    global _prepared
    if _prepared:
        return
    os.environ.update(environment)
    for module in PRELOADED:
        importlib.import_module(module)
    tasks = Path("/proc/self/task")
    if tasks.is_dir() and len(list(tasks.iterdir())) != 1:
        raise AssertionError("an import started threads, which forks would lack")
    _prepared = True


def run_tool(words: Sequence[str], merge: bool) -> tuple[int, str, str]:
    """Run a Python tool in a fork; return exit status (or minus the signal), output and errors."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        child = os.fork()
        if child == 0:
            _become(list(words), output.fileno(), (output if merge else errors).fileno())
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status), _text(output), _text(errors)


def _text(file: Any) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _become(words: list[str], output: int, errors: int) -> None:
    """Turn this fork into the tool; never returns."""
    status = 1
    try:
        os.dup2(output, 1)
        os.dup2(errors, 2)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
        signal.alarm(SECONDS)
        status = _run(words)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
        os._exit(status)


def _run(words: list[str]) -> int:
    warnings.simplefilter("error")
    if words[:2] == FARRIER:
        from farrier.cli import main

        return main(words[2:])
    sys.argv = words
    sys.path.insert(0, os.path.dirname(os.path.abspath(words[0])))
    try:
        runpy.run_path(words[0], run_name="__main__")
    except SystemExit as stop:
        if isinstance(stop.code, str):
            print(stop.code, file=sys.stderr)
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return 0


def run_filecheck(words: Sequence[str], text: str) -> str | None:
    """Compare a text, or a file that the arguments name, with checks; return what is wrong."""
    report = io.StringIO()
    with contextlib.redirect_stderr(report), contextlib.redirect_stdout(report):
        options = parse_argv_options(list(words))
        content = FInput.canonicalize_line_ends(text)
        standard = options.input_file == "-"
        given = FInput("<output>", content) if standard else FInput.from_opts(options)
        status = Matcher(options, given, Parser.from_opts(options)).run()
    return report.getvalue() or f"filecheck: status {status}" if status else None
