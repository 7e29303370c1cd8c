"""Tokens of graph and pipeline texts, and a cursor over them that explains mistakes."""

from __future__ import annotations

import json
import re
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, NoReturn, TypeVar

from farrier_compiler.sizes import SymbolicSize
from farrier_runtime.dtypes import BY_SHORT_NAME, dtype
from farrier_runtime.errors import ParseError
from farrier_runtime.hints import did_you_mean as did_you_mean

# Names that need no quotes; after an @, where numbers cannot occur, they may begin with a digit.
BARE = r"(?!(?:inf|nan)\b)[A-Za-z_][\w.]*"
BARE_AFTER_AT = r"[\w.]+"
_STRING = r'"(?:[^"\\\n]|\\.)*"'
_TOKEN = re.compile(
    rf"""(?P<skip>(?:\s+|\#[^\n]*)+)
    | (?P<value>%(?:\d+|{BARE}|{_STRING}))
    | (?P<constant>@(?:{BARE_AFTER_AT}|{_STRING}))
    | (?P<number>-?(?:0x[0-9a-fA-F]+|\d+(?:\.\d*)?(?:e[+-]?\d+)?|(?:inf|nan)\b))
    | (?P<word>{BARE})
    | (?P<string>{_STRING})
    | (?P<mark>->|//|[()\[\]{{}}<>!,:=*+-])""",
    re.VERBOSE | re.ASCII,
)
_WORDS: dict[str, Any] = {"true": True, "false": False, "none": None, **BY_SHORT_NAME}
Item = TypeVar("Item")


def quoted(name: str, bare: str = BARE) -> str:
    """Return a name as texts write it, in quotes where its characters need them."""
    return name if re.fullmatch(bare, name, re.ASCII) else json.dumps(name)


class Token(NamedTuple):
    """A token of a text, with its kind and offset."""

    kind: str
    text: str
    offset: int

    def shown(self) -> str:
        """Return the token as error messages show it."""
        return self.text if self.kind == "end" else f"'{self.text}'"


class Cursor:
    """A position in a text's tokens.

    Args:
        text: the text to read.
        label: the name of the text in error messages.
    """

    def __init__(self, text: str, label: str) -> None:
        self.text = text
        self.label = label
        self.position = 0
        self.tokens = list(self._tokenize())

    def _tokenize(self) -> Iterator[Token]:
        offset = 0
        while offset < len(self.text):
            match = _TOKEN.match(self.text, offset)
            if match is None:
                self.fail(f"unexpected {self.text[offset]!r}", offset)
            if match.lastgroup != "skip":
                yield Token(match.lastgroup or "", match[0], offset)
            offset = match.end()
        yield Token("end", "the end of the text", len(self.text))

    @property
    def next(self) -> Token:
        """The token at the cursor."""
        return self.tokens[self.position]

    def advance(self) -> Token:
        """Step over the token at the cursor and return it; the end stays."""
        token = self.next
        self.position += token.kind != "end"
        return token

    def accept(self, text: str) -> bool:
        """Step over a mark or word if it comes next, and return whether it did."""
        accepted = self.next.text == text and self.next.kind in ("mark", "word")
        self.position += accepted
        return accepted

    def expect(self, text: str) -> Token:
        """Step over a mark or word that must come next.

        Raises:
            ParseError: something else comes.
        """
        token = self.next
        if not self.accept(text):
            self.fail(f"expected '{text}', but found {token.shown()}")
        return token

    def take(self, kind: str, expected: str) -> Token:
        """Step over a token of a kind that must come next.

        Raises:
            ParseError: something else comes; `expected` describes the token.
        """
        if self.next.kind != kind:
            self.fail(f"expected {expected}, but found {self.next.shown()}")
        return self.advance()

    def unquote(self, token: Token, text: str) -> str:
        """Return the name in a token's text, without quotes.

        Raises:
            ParseError: it is in quotes and has an invalid escape.
        """
        if not text.startswith('"'):
            return text
        try:
            return json.loads(text)
        except ValueError:
            self.fail(f"{text} is not a valid string; its escapes must be those of JSON", token)

    def literal(self) -> Any:
        """Step over a number, string, data type, `true`, `false`, `none` or a tuple of such.

        Raises:
            ParseError: something else comes.
        """
        if self.accept("("):
            return tuple(self.items(")", self.literal))
        token = self.advance()
        if token.kind == "string":
            return self.unquote(token, token.text)
        if token.kind == "number" and "0x" not in token.text:
            return int(token.text) if re.fullmatch(r"-?\d+", token.text) else float(token.text)
        if token.text not in _WORDS:
            self.fail(
                f"expected a number, a string, a data type or a tuple, but found {token.shown()}",
                token,
            )
        return _WORDS[token.text]

    def items(self, end: str, item: Callable[[], Item]) -> list[Item]:
        """Parse items separated by commas, through the closing mark."""
        items: list[Item] = []
        while not self.accept(end):
            items.append(item())
            if not self.accept(","):
                self.expect(end)
                break
        return items

    def fail(self, message: str, at: Token | int | None = None) -> NoReturn:
        """Refuse the text.

        Args:
            message: what is wrong, without a full stop.
            at: the token or offset to point at; by default the cursor.

        Raises:
            ParseError: always; the text shows the line with a caret.
        """
        place = self.next if at is None else at
        offset = place if isinstance(place, int) else place.offset
        start = self.text.rfind("\n", 0, offset) + 1
        line = self.text[start:].partition("\n")[0]
        before = re.sub(r"[^\t]", " ", self.text[start:offset])
        number = self.text.count("\n", 0, offset) + 1
        stop = "" if message.endswith("?") else "."
        raise ParseError(
            f"{self.label}, line {number}, column {offset - start + 1}: {message}{stop}\n"
            f"  {line}\n  {before}^"
        )


def fits(value: Any, hint: Any) -> bool:
    """Return whether a literal has a field's annotated type."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, argument) for argument in arguments)
    if origin is typing.Literal:
        return value in arguments
    if origin is tuple:
        return isinstance(value, tuple) and _fits_tuple(typing.cast(Any, value), arguments)
    if hint in (int, float):
        return type(value) is hint or (hint is int and isinstance(value, SymbolicSize))
    return value is None if hint in (None, type(None)) else isinstance(value, hint)


def _fits_tuple(values: tuple[Any, ...], hints: tuple[Any, ...]) -> bool:
    if len(hints) == 2 and hints[1] is Ellipsis:
        return all(fits(value, hints[0]) for value in values)
    return len(values) == len(hints) and all(map(fits, values, hints))


def described(hint: Any) -> str:
    """Return a field's annotated type in words that fit the text."""
    if typing.get_origin(hint) is typing.Literal:
        return " or ".join(map(json.dumps, typing.get_args(hint)))
    words = {int: "a whole number", float: "a number such as 1.0", dtype: "a data type"}
    words |= {str: "a string", bool: "true or false"}
    return words.get(hint) or str(hint)
