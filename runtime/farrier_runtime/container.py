"""The ZIP file of an artifact: IREE's vmfb, unchanged, with one more stored member.

    IREE's vmfb | farrier.json | a new directory of all members

IREE's directory stays in place, unused, so that the vmfb can be hashed or extracted as one slice.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from farrier_runtime.errors import ArtifactError

MEMBER = "farrier.json"

_LOCAL = struct.Struct("<4s5H3I2H")
_ENTRY = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_LOCATOR = struct.Struct("<4sIQI")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_LIMIT = 0xFFFFFFFF
_DATE = 0x21  # 1980-01-01, so that the same input makes the same file


@dataclass(frozen=True)
class Member:
    """One stored file inside the ZIP file."""

    name: str
    header: int
    start: int
    size: int
    crc: int


@dataclass(frozen=True)
class Directory:
    """The ZIP file's table of contents, with its raw bytes."""

    members: tuple[Member, ...]
    start: int
    entries: bytes


def tail(view: memoryview, document: bytes) -> bytes:
    """Return the bytes that, appended to a vmfb, make it an artifact with `document` in it.

    Args:
        view: the file that IREE's compiler wrote.
        document: the bytes of the new member, `farrier.json`.

    Raises:
        ArtifactError: `view` is not the compiler's output, or already has a `farrier.json`.
    """
    directory = read_directory(view)
    if any(member.name == MEMBER for member in directory.members):
        raise ArtifactError(f"this vmfb already has a {MEMBER}; pass what the compiler wrote")
    return _tail(directory, len(view), document)


def split(view: memoryview) -> tuple[memoryview, bytes | None]:
    """Verify an artifact's structure and every member's CRC.

    Args:
        view: the whole file.

    Returns:
        The vmfb as IREE wrote it, and the bytes of `farrier.json` or None where there is none.

    Raises:
        ArtifactError: the file is not a vmfb, is truncated or is damaged.
    """
    directory = read_directory(view)
    check_members(view, directory)
    last = directory.members[-1]
    if last.name != MEMBER:
        return view, None
    vmfb, document = view[: last.header], bytes(view[last.start : last.start + last.size])
    if bytes(view[last.header :]) != _tail(read_directory(vmfb), last.header, document):
        raise ArtifactError("the file is damaged: its table of contents was changed")
    return vmfb, document


def _tail(directory: Directory, size: int, document: bytes) -> bytes:
    """Return everything that follows the vmfb of `size` bytes in an artifact."""
    name, crc, length = MEMBER.encode(), zlib.crc32(document), len(document)
    local = _LOCAL.pack(b"PK\3\4", 20, 0, 0, 0, _DATE, crc, length, length, len(name), 0)
    # Offsets past 4 GiB need a ZIP64 extra field.
    extra = struct.pack("<2HQ", 1, 8, size) if size >= _LIMIT else b""
    sizes = (crc, length, length, len(name), len(extra), 0, 0, 0, 0)
    version = 45 if extra else 20
    offset = min(size, _LIMIT)
    entry = _ENTRY.pack(b"PK\1\2", 0x031E, version, 0, 0, 0, _DATE, *sizes, offset)
    entries = directory.entries + entry + name + extra
    start = size + len(local) + len(name) + length
    end = _end(len(directory.members) + 1, len(entries), start)
    return b"".join((local, name, document, entries, end))


def _end(count: int, size: int, start: int) -> bytes:
    fields = (0, 0, count, count, size, start, 0)
    if start < _LIMIT:
        return _END.pack(b"PK\5\6", *fields)
    end_64 = _END_64.pack(b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start)
    locator = _LOCATOR.pack(b"PK\6\7", 0, start + size, 1)
    return end_64 + locator + _END.pack(b"PK\5\6", *fields[:-2], _LIMIT, 0)


def read_directory(view: memoryview) -> Directory:
    """Read and check the table of contents of a ZIP file without compression or comment.

    Args:
        view: the whole file.

    Returns:
        The members in file order.

    Raises:
        ArtifactError: this is not a vmfb, or it is truncated or damaged.
    """
    if bytes(view[:4]) != b"PK\3\4":
        raise ArtifactError("this is not a vmfb file")
    start, size, count = _find_directory(view)
    entries = view[start : start + size]
    members: list[Member] = []
    position = 0
    while position < size:
        member, position = _member(view, entries, position)
        members.append(member)
    if not members or len(members) != count:
        raise ArtifactError("the file is damaged: its table of contents is not complete")
    return Directory(tuple(members), start, bytes(entries))


def _unpack(layout: struct.Struct, view: memoryview, offset: int, magic: bytes) -> tuple[int, ...]:
    if offset < 0 or offset + layout.size > len(view):
        raise ArtifactError("the file is damaged: a position lies outside of it")
    actual, *fields = layout.unpack_from(view, offset)
    if actual != magic:
        raise ArtifactError("the file is damaged: a part is not where it should be")
    return tuple(fields)


def _find_directory(view: memoryview) -> tuple[int, int, int]:
    """Return the directory's start, its size in bytes and its number of entries."""
    position = len(view) - _END.size
    if position < 0 or bytes(view[position : position + 4]) != b"PK\5\6":
        raise ArtifactError("the file is truncated, or something was added to its end")
    *_, count, size, start, comment = _unpack(_END, view, position, b"PK\5\6")
    if comment:
        raise ArtifactError("the file is truncated, or something was added to its end")
    if start == _LIMIT:
        locator = position - _LOCATOR.size
        _, position, _ = _unpack(_LOCATOR, view, locator, b"PK\6\7")
        *_, count, size, start = _unpack(_END_64, view, position, b"PK\6\6")
    if start + size != position:
        raise ArtifactError("the file is damaged: its table of contents is not where it should be")
    return start, size, count


def _member(view: memoryview, entries: memoryview, position: int) -> tuple[Member, int]:
    """Return the member that the entry at `position` describes, and the next entry's position."""
    fields = _unpack(_ENTRY, entries, position, b"PK\1\2")
    method, crc, size, stored, name_size, extra_size, comment_size = (*fields[3:4], *fields[6:12])
    name_start = position + _ENTRY.size
    extra_start = name_start + name_size
    name = bytes(entries[name_start:extra_start]).decode("utf-8", "replace")
    extra = bytes(entries[extra_start : extra_start + extra_size])
    size, stored, header = _wide(extra, [size, stored, fields[15]])
    if method or size != stored:
        raise ArtifactError(f"the file is damaged: its member {name!r} is compressed")
    start = _data_start(view, header)
    if start + size > len(view):
        raise ArtifactError(f"the file is damaged: its member {name!r} lies outside of it")
    return Member(name, header, start, size, crc), extra_start + extra_size + comment_size


def _wide(extra: bytes, values: list[int]) -> list[int]:
    """Replace values that do not fit in 32 bits by those of the ZIP64 extra field."""
    large = [index for index, value in enumerate(values) if value == _LIMIT]
    if not large:
        return values
    if len(extra) < 4 + 8 * len(large) or extra[:2] != b"\1\0":
        raise ArtifactError("the file is damaged: a size in its table of contents is missing")
    for index, value in zip(large, struct.unpack_from(f"<{len(large)}Q", extra, 4), strict=True):
        values[index] = value
    return values


def _data_start(view: memoryview, header: int) -> int:
    fields = _unpack(_LOCAL, view, header, b"PK\3\4")
    return header + _LOCAL.size + fields[8] + fields[9]


def check_members(view: memoryview, directory: Directory) -> None:
    """Verify the CRC of every member.

    Args:
        view: the whole file.
        directory: its table of contents.

    Raises:
        ArtifactError: a member is damaged; the text names it.
    """
    for member in directory.members:
        if zlib.crc32(view[member.start : member.start + member.size]) != member.crc:
            raise ArtifactError(f"the file is damaged: its member {member.name!r} has a wrong CRC")
