"""The examples of a guide in docs/, and their output when run in order."""

from __future__ import annotations

import contextlib
import io
import linecache
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from farrier import cli

FILE = "example.py"
_BLOCK = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```\n", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """A fenced block, and the `text` block after it.

    Attributes:
        place: file and line of the block, for messages.
        language: `python`, which is run, or `sh`, whose lines are farrier's commands.
        label: the word after the language: a file to write the code to instead, or a package that
            the code needs.
        code: what is in the block.
        printed: what the guide says it prints; a line `...` stands for any lines.
    """

    place: str
    language: str
    label: str
    code: str
    printed: str | None

    def agrees(self, output: str) -> bool:
        """Return whether the guide shows this output, apart from spaces at the ends of lines."""
        expected = "" if self.printed is None else self.printed
        if self.language == "sh" and self.printed is None:
            return True
        pattern = "".join(
            r"(?:.*\n)*" if line == "..." else re.escape(line) + "\n"
            for line in expected.splitlines()
        )
        return (
            re.fullmatch(pattern, "".join(f"{x.rstrip()}\n" for x in output.splitlines()))
            is not None
        )


def examples(guide: Path) -> list[Example]:
    """Return the examples of a guide in order."""
    text = guide.read_text()
    examples: list[Example] = []
    end = 0
    for block in _BLOCK.finditer(text):
        language, label, code = block.groups()
        if language == "text":
            assert examples, f"{guide.name}: output comes after the code that prints it"
            assert not text[end : block.start()].strip(), (
                f"{guide.name}: no code block precedes the output\n{code}"
            )
            examples[-1] = Example(examples[-1].place, *_parts(examples[-1]), printed=code)
        else:
            assert language in ("python", "sh"), f"{guide.name}: unknown language {language}"
            line = text.count("\n", 0, block.start()) + 1
            examples.append(Example(f"{guide.name}:{line}", language, label, code, None))
        end = block.end()
    return examples


def _parts(example: Example) -> tuple[str, str, str]:
    return example.language, example.label, example.code


class Runner:
    """Runs examples as if all Python in them were one file, example.py in the current folder."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"__name__": "example"}
        self.lines: list[str] = []

    def skip(self, example: Example) -> None:
        """Leave an example out; those after it keep their lines."""
        self.lines += example.code.splitlines(keepends=True)

    def output(self, example: Example) -> str:
        """Run an example and return what it prints; an error ends it, as its type and text."""
        if example.label.endswith(".py"):
            Path(example.label).write_text(example.code)
            return ""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            if example.language == "python":
                self._python(example.code)
            else:
                with contextlib.redirect_stderr(printed):
                    self._commands(example.code)
        return printed.getvalue()

    def _commands(self, code: str) -> None:
        for line in code.replace("\\\n", " ").splitlines():
            program, *words = shlex.split(line)
            assert program == "farrier", line
            cli.main(words)

    def _python(self, code: str) -> None:
        start = len(self.lines)
        self.lines += code.splitlines(keepends=True)
        text = "".join(self.lines)
        linecache.cache[FILE] = (len(text), None, self.lines, FILE)
        try:
            exec(compile("\n" * start + code, FILE, "exec"), self.names)
        except Exception as error:
            print(f"{type(error).__name__}: {error}")


def outputs(guide: Path, packages: tuple[str, ...] = ()) -> Iterator[tuple[Example, str]]:
    """Run a guide's examples in the current folder and yield what each of them prints.

    Args:
        guide: the file.
        packages: those that may be used; examples that need another one are left out.
    """
    runner = Runner()
    for example in examples(guide):
        if not example.label or example.label.endswith(".py") or example.label in packages:
            yield example, runner.output(example)
        else:
            runner.skip(example)
