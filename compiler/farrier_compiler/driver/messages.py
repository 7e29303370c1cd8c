"""Messages between processes: JSON and open files, sent over a socket."""

from __future__ import annotations

import json
import os
import socket
import struct
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

Message = dict[str, Any]

_LENGTH = struct.Struct("<Q")


class Closed(Exception):
    """The other end of a channel is gone."""


def send(channel: socket.socket, message: Mapping[str, Any], files: Sequence[int] = ()) -> None:
    """Send a message.

    Args:
        channel: a local stream socket.
        message: anything that JSON can represent.
        files: descriptors of open files; the receiver gets duplicates.

    Raises:
        Closed: the receiver is gone.
    """
    content = json.dumps(message).encode()
    content = _LENGTH.pack(len(content)) + content
    try:
        sent = socket.send_fds(channel, [content], list(files))
        channel.sendall(memoryview(content)[sent:])
    except (BrokenPipeError, ConnectionResetError):
        raise Closed from None


def receive(channel: socket.socket) -> tuple[Message, list[int]]:
    """Wait for a message, and return it with the descriptors of the files that came with it.

    Raises:
        Closed: the sender has ended.
        TimeoutError: the channel's time limit has passed.
    """
    try:
        head, files, _, _ = socket.recv_fds(channel, _LENGTH.size, 8)
    except ConnectionResetError:  # the sender left data unread; this is reported only once
        head, files, _, _ = socket.recv_fds(channel, _LENGTH.size, 8)
    if not head:
        raise Closed
    head += _exactly(channel, _LENGTH.size - len(head))
    return json.loads(_exactly(channel, *_LENGTH.unpack(head))), files


def _exactly(channel: socket.socket, count: int) -> bytes:
    parts: list[bytes] = []
    while count:
        part = channel.recv(min(count, 1 << 20))
        if not part:
            raise Closed
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def anonymous_file() -> int:
    """Open a file in memory, or an unnamed one on disk where the platform has no such files.

    Raises:
        OSError: there is no space left for it.
    """
    if hasattr(os, "memfd_create"):
        return os.memfd_create("farrier", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
