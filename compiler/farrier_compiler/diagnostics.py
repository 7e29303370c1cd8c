"""Locations in the user's program, captured cheaply and rendered only when needed."""

from __future__ import annotations

import contextlib
import linecache
import os
import re
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from farrier_runtime.errors import DeviceError, FarrierError

if TYPE_CHECKING:
    from types import CodeType, FrameType


class Owner(Protocol):
    """The owner of a scope: a Module, which knows the names of those below it."""

    def named_modules(self) -> Iterable[tuple[str, Owner]]:
        """Yield this owner, with an empty name, and those below it with their attribute paths."""
        ...


class Scope:
    """A Module that is being called, and the scope it was called from.

    Names are looked up on demand and cached per call: the table of a call serves all calls inside
    it, and a Module that changes between two calls gets new names in the second.
    """

    __slots__ = ("_names", "_path", "owner", "parent")

    def __init__(self, owner: Owner, parent: Scope | None) -> None:
        self.owner = owner
        self.parent = parent
        self._path: str | None = None
        self._names: dict[int, tuple[str, Owner]] = {}

    def path(self) -> str:
        """Return the layer's dotted name below the outermost Module, as in `state_dict`."""
        if self._path is None:
            above = (self.parent.path(), self.parent.name_of(self.owner)) if self.parent else ()
            self._path = ".".join(filter(None, above))
        return self._path

    def name_of(self, child: Owner) -> str:
        """Return the name of a Module below this call's; of any other, its class's name."""
        if id(child) not in self._names:  # the table keeps its modules alive, so ids stay unique
            self._names |= {id(owner): (name, owner) for name, owner in self.owner.named_modules()}
            self._names.setdefault(id(child), (type(child).__name__, child))
        return self._names[id(child)][0]


scope: ContextVar[Scope | None] = ContextVar("scope", default=None)

_FILE = os.path.normpath(__file__)
_PACKAGES = tuple(
    os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(_FILE))), *parts, "")
    for parts in (("compiler", "farrier_compiler"), ("frontend", "farrier"))
) + tuple(
    os.path.join(os.path.dirname(os.path.dirname(_FILE)), name, "")
    for name in ("farrier_compiler", "farrier")
)
_is_ours: dict[str, bool] = {}


def _classify(filename: str) -> bool:
    # Not abspath, which fails where the working directory was removed.
    ours = _is_ours[filename] = os.path.normpath(filename).startswith(_PACKAGES)
    return ours


class Location:
    """A call in the user's code: a code object, an instruction in it, and the layer it ran in."""

    __slots__ = ("code", "instruction", "scope")

    def __init__(self, code: CodeType, instruction: int, scope: Scope | None) -> None:
        self.code = code
        self.instruction = instruction
        self.scope = scope

    def __deepcopy__(self, memo: object) -> Location:
        return self

    def __reduce__(self) -> Any:
        return _nowhere, ()  # the source may differ in another process

    @property
    def file(self) -> str:
        """The path of the source file."""
        return self.code.co_filename

    @property
    def layer(self) -> str:
        """The dotted name of the layer; empty outside of layers."""
        return self.scope.path() if self.scope is not None else ""

    @property
    def line(self) -> int:
        """The line number."""
        return self._span()[0]

    def _span(self) -> tuple[int, int | None, int | None, int | None]:
        positions = list(self.code.co_positions())
        index = self.instruction // 2
        span = positions[index] if 0 <= index < len(positions) else (None, None, None, None)
        return (span[0] or self.code.co_firstlineno, span[1], span[2], span[3])

    def short(self) -> str:
        """Return `net.py:12 conv`, as graph text shows it."""
        return f"{os.path.basename(self.file)}:{self.line} {self.layer}".rstrip()

    def excerpt(self) -> str:
        """Return the source line with carets under the call, or only the location."""
        line, end_line, start, end = self._span()
        layer = f", layer '{self.layer}'" if self.layer else ""
        head = f"--> {self.file}:{line} in {self.code.co_qualname}(){layer}"
        source = linecache.getline(self.file, line).rstrip()
        if not source:
            return head
        gutter = " " * len(f"{line:>5}")
        text = f"{head}\n{line:>5} | {source}"
        if start is not None and end is not None:
            stop = end if end_line == line else len(source.encode())
            caret = _carets(source, start, stop)
            text += f"\n{gutter} | {caret}"
        return text


def _nowhere() -> None:
    """Stand in for a location in a pickle, which does not keep it."""


class RecordedLocation(Location):
    """A location by file, line and layer, as it is sent to other processes."""

    __slots__ = ("_file", "_layer", "_line")

    def __init__(self, file: str, line: int, layer: str) -> None:
        self._file, self._line, self._layer = file, line, layer

    @property
    def file(self) -> str:
        """The path of the source file."""
        return self._file

    @property
    def line(self) -> int:
        """The line number."""
        return self._line

    @property
    def layer(self) -> str:
        """The dotted name of the layer; empty outside of layers."""
        return self._layer

    def excerpt(self) -> str:
        """Return the file and line."""
        return f"--> {self.file}:{self.line}"


def _carets(source: str, start: int, stop: int) -> str:
    """Mark the bytes `start` to `stop` of a line (columns in code objects count UTF-8 bytes)."""
    data = source.encode()
    before = data[:start].decode(errors="replace")
    marked = data[start:stop].decode(errors="replace")
    return "".join("\t" if c == "\t" else " " for c in before) + "^" * max(len(marked), 1)


def user_frame() -> FrameType | None:
    """Return the innermost frame that is not Farrier's own."""
    frame: FrameType | None = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    cached = _is_ours.get  # this loop runs for every op that is recorded
    while frame is not None:
        filename = frame.f_code.co_filename
        ours = cached(filename)
        if not (_classify(filename) if ours is None else ours):
            return frame
        frame = frame.f_back
    return None


def here() -> Location | None:
    """Return the location in the user's code that is running now."""
    frame = user_frame()
    return None if frame is None else Location(frame.f_code, frame.f_lasti, scope.get())


Error = TypeVar("Error", bound=FarrierError)

PRIMITIVES: set[str] = set()
"""The names of ops, with which error texts may begin; each op adds its own."""


class Described(Protocol):
    """A type that can describe itself."""

    def describe(self) -> str:
        """Return the type in the words of error messages."""
        ...


class Operand(Protocol):
    """An operand of an operation: a tensor with its type and location."""

    @property
    def type(self) -> Described:
        """Its type."""
        ...

    @property
    def location(self) -> Location | None:
        """The user's line that created it."""
        ...


@contextlib.contextmanager
def memory_for(purpose: str, operands: Sequence[tuple[str, Operand]] = ()) -> Generator[None]:
    """Say what memory was for where there is too little of it.

    Args:
        purpose: what is computed, behind "There is not enough memory for".
        operands: names and values of the operands.

    Raises:
        DeviceError: there is not enough memory.
    """
    try:
        yield
    except MemoryError:
        error = DeviceError(f"There is not enough memory for {purpose}.")
        raise explain(error, operands) from None


def explain(error: Error, operands: Sequence[tuple[str, Operand]] = ()) -> Error:
    """Return `error` with the user's line, and the origins of its operands, added to the text.

    Args:
        error: the error, whose text says what is wrong. A function's name at its beginning is
            replaced by that of the public function that the user called.
        operands: names and values of the operands.
    """
    if error.explained:
        return error
    location = here()
    parts = [_in_users_words(str(error))]
    if location is not None:
        parts.append(_indent(location.excerpt()))
    parts.extend(_origins(operands))
    error.args = ("\n".join(parts),)
    error.explained = True
    return error


def _in_users_words(text: str) -> str:
    """Return a text with a function's name at its beginning replaced by the one the user called."""
    called, *inner = _public_functions() or [""]
    name = re.match(r"\w*", text)
    if not (called and name and name[0] in {*PRIMITIVES, *inner}):
        return text
    return called + text[name.end() :]


def called() -> str:
    """Return the name of the public function that the user called."""
    return next(iter(_public_functions()), "a tensor's method")


def _public_functions() -> list[str]:
    """Return the names of the public functions that are running, first the one the user called."""
    frame: FrameType | None = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    user, names = user_frame(), list[str]()
    while frame is not user and frame is not None:
        names.insert(0, _public_name(frame))
        frame = frame.f_back
    return list(filter(None, names))


def _public_name(frame: FrameType) -> str:
    """Return a frame's public name, such as `silu` or `quantized.conv2d`; empty if it has none."""
    name, package = frame.f_code.co_qualname, frame.f_globals.get("__package__")
    if name in frame.f_globals.get("__all__", ()):  # a method's or a nested function's has a dot
        return name
    if package != "farrier.quantized" or name == "apply":  # which runs a function of the user's
        return ""
    function = getattr(sys.modules[package], name, None)
    return f"quantized.{name}" if getattr(function, "__code__", None) is frame.f_code else ""


def _origins(operands: Sequence[tuple[str, Operand]]) -> Iterator[str]:
    for name, value in operands:
        location = value.location
        if location is not None:
            yield f"  {name}: {value.type.describe()}, made here:\n{_indent(location.excerpt())}"


def _indent(text: str) -> str:
    return "\n".join("  " + line for line in text.splitlines())
