"""The command line as a source line that errors can quote."""

from __future__ import annotations

import ast
import linecache
import re
import shlex
from collections.abc import Callable, Sequence

from farrier_runtime.errors import ArgumentError

FILE = "<command line>"


class UsageError(ArgumentError):
    """The command line is not valid."""


def call(words: Sequence[str], function: Callable[[], int]) -> int:
    """Call a function as if the words of the command line were the source of the call.

    Errors about an input that `--input` declares then quote the command line.
    """
    text = shlex.join(["farrier", *words])
    linecache.cache[FILE] = (len(text), None, [text + "\n"], FILE)
    tree = ast.parse("function()", mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            node.col_offset, node.end_col_offset = 0, len(text.encode(errors="surrogatepass"))
    code = compile(tree, FILE, "eval").replace(co_name="farrier", co_qualname="farrier")
    return eval(code, {"function": function})


def without_excerpt(text: str) -> str:
    """Return an error's text without its own excerpt of the command line, which is obvious."""
    return re.sub(rf"(?<!made here:)\n  --> {re.escape(FILE)}:1 .*\n.*\n.*", "", text)
