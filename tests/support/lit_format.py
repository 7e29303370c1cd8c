"""A lit format for Python tools: each runs in a fork of the lit worker, which has imported Farrier.

Starting Python and importing Farrier and IREE takes 0.5 s; a fork takes 20 ms, starts from the
same state every time, and a crash in it fails one test only. What the forks do not understand
(shell redirections, other programs) goes to lit's own shell.
"""
# pyright: basic, reportMissingImports=false, reportMissingTypeStubs=false, reportAttributeAccessIssue=false

from __future__ import annotations

import contextlib
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
from typing import Any

import lit.Test
import lit.TestRunner
from filecheck.finput import FInput
from filecheck.matcher import Matcher
from filecheck.options import parse_argv_options
from filecheck.parser import Parser
from lit.formats import ShTest

SECONDS = 300  # after which a tool is killed
PYTHON_OPTIONS = ("-m", "farrier.cli")


@dataclass
class Line:
    """One RUN line: a Python tool whose output filecheck reads.

    Attributes:
        text: the line, for the report of a failure.
        tool: the tool's arguments, without the interpreter.
        fails: whether the tool is expected to exit with an error.
        merge: whether its errors join its output.
        check: filecheck's arguments; None where nothing is checked.
    """

    text: str
    tool: list[str]
    fails: bool = False
    merge: bool = False
    check: list[str] | None = None

    @classmethod
    def parse(cls, text: str) -> Line | None:
        """Return a RUN line, or None if it needs a shell."""
        lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
        check = None
        if "|" in words:
            split = words.index("|")
            words, check = words[:split], words[split + 1 :]
        line = cls(text, words, check=check)
        line._options()
        return line if line._is_known() else None

    def _options(self) -> None:
        if self.tool[:1] == ["not"]:
            self.fails = True
            del self.tool[0]
        if self.tool[-3:] == ["2", ">&", "1"]:
            self.merge = True
            del self.tool[-3:]

    def _is_known(self) -> bool:
        words = [*self.tool, *(self.check or [])]
        return (
            self.tool[:1] == [sys.executable]
            and len(self.tool) > 1
            and (self.tool[1].endswith(".py") or tuple(self.tool[1:3]) == PYTHON_OPTIONS)
            and (self.check is None or self.check[:1] == ["filecheck"])
            and not any(re.fullmatch(r"[();<>|&]+", word) for word in words)
        )

    def run(self) -> str | None:
        """Run the tool and filecheck; return what is wrong, or None."""
        status, output, errors = run_tool(self.tool[1:], self.merge)
        if (status != 0) != self.fails or status < 0:
            return f"exit status {status}\n--- output\n{output}\n--- errors\n{errors}"
        if self.check is None:
            return None
        complaint = run_filecheck(self.check, output)
        return complaint and f"{complaint}\n--- output\n{output}\n--- errors\n{errors}"


class ForkTest(ShTest):
    """Runs Python tools in forks, everything else as ShTest does."""

    def execute(self, test: Any, lit_config: Any) -> Any:
        """Run a test file."""
        lines = self._lines(test, lit_config)
        if lines is None:
            return super().execute(test, lit_config)
        if isinstance(lines, lit.Test.Result):
            return lines
        _prepare(test.config.environment)
        for line in lines:
            complaint = line.run()
            if complaint is not None:
                return lit.Test.Result(lit.Test.FAIL, f"RUN: {line.text}\n{complaint}")
        return lit.Test.Result(lit.Test.PASS)

    def _lines(self, test: Any, lit_config: Any) -> Any:
        """Return the RUN lines; None if one needs a shell; a Result if the test is not to run."""
        if not hasattr(os, "fork") or sys.platform == "darwin" or test.config.unsupported:
            return None
        script = lit.TestRunner.parseIntegratedTestScript(test)
        if isinstance(script, lit.Test.Result):
            return script
        directory, base = lit.TestRunner.getTempPaths(test)
        substitutions = lit.TestRunner.getDefaultSubstitutions(test, directory, base)
        commands = lit.TestRunner.applySubstitutions(script, substitutions)
        os.makedirs(directory, exist_ok=True)
        lines = [Line.parse(re.sub(r"^%dbg\([^)]*\)", "", command)) for command in commands]
        # Both ways read the test's keywords: undo what the first reading added.
        test.requires, test.unsupported, test.xfails = [], [], []
        if None in lines or not lines:
            return None
        return lines


_prepared = False


def _prepare(environment: dict[str, str]) -> None:
    """Import once in this worker what every fork would import."""
    global _prepared
    if _prepared:
        return
    os.environ.update(environment)
    import farrier.cli
    import farrier_compiler.driver  # noqa: F401

    threads = len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1
    if threads != 1:
        raise AssertionError(f"imports started {threads - 1} threads, which a fork would lose")
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
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)
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
    try:
        if tuple(words[:2]) == PYTHON_OPTIONS:
            from farrier.cli import main

            return main(words[2:])
        sys.argv = words
        sys.path.insert(0, os.path.dirname(os.path.abspath(words[0])))
        runpy.run_path(words[0], run_name="__main__")
        return 0
    except SystemExit as stop:
        if isinstance(stop.code, str):
            print(stop.code, file=sys.stderr)
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)


def run_filecheck(words: Sequence[str], text: str) -> str | None:
    """Compare a text with the checks of a file; return filecheck's complaint, or None."""
    report = io.StringIO()
    with contextlib.redirect_stderr(report), contextlib.redirect_stdout(report):
        options = parse_argv_options(list(words))
        content = FInput.canonicalize_line_ends(text)
        status = Matcher(options, FInput("<output>", content), Parser.from_opts(options)).run()
    return report.getvalue() or f"filecheck: status {status}" if status else None


