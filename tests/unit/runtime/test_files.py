"""Atomic writing of files."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from farrier_runtime.files import MappedFile, opened, publish, publish_privately, temporary, write


def test_parts_are_written_in_order(tmp_path: Path) -> None:
    write(tmp_path / "file", (bytes([number]) for number in range(3)))
    assert (tmp_path / "file").read_bytes() == b"\0\1\2"


def test_a_file_is_replaced_and_no_other_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    write(tmp_path / "file", [b"new"])
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "new"


def test_a_failed_rename_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "file").write_text("old")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left") as caught:
        write(tmp_path / "file", [b"new"])
    assert str(caught.value) == f"[Errno 28] No space left on device: '{tmp_path / 'file'}'"
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "old"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_between_parts_leaves_what_was_there(
    tmp_path: Path, error: type[BaseException]
) -> None:
    def parts() -> Iterator[bytes]:
        yield b"half"
        raise error

    (tmp_path / "file").write_text("old")
    with pytest.raises(error):
        write(tmp_path / "file", parts())
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "old"


def test_errors_name_the_file_that_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError) as directory:
        write(tmp_path, [b""])
    assert directory.value.filename == str(tmp_path)


def test_missing_folders_are_made(tmp_path: Path) -> None:
    with temporary(tmp_path) as content:
        content.write(b"new")
        puts = (lambda path: write(path, [b"new"]), lambda path: publish(content, path))
        for folder, put in zip(("written", "published"), puts, strict=True):
            put(tmp_path / folder / "deep" / "net")
            put(tmp_path / folder / "deep" / "net")
            assert (tmp_path / folder / "deep" / "net").read_bytes() == b"new"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    target = tmp_path / ("a" * 300) / "net"
    with temporary(tmp_path) as content:
        for put in (lambda: write(target, [b""]), lambda: publish(content, target)):
            with pytest.raises(OSError, match="File name too long") as caught:
                put()
            assert caught.value.filename == str(target)


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "net"
    with temporary(tmp_path) as content:
        content.write(b"new")
        for put in (lambda: write(target, [b"new"]), lambda: publish(content, target)):
            with pytest.raises(NotADirectoryError) as caught:
                put()
            assert str(caught.value) == f"[Errno 20] Not a directory: '{target}'"


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_permissions_are_those_of_any_new_file(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        write(tmp_path / "file", [b""])
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o666 & ~mask


def test_the_longest_names_that_a_file_may_have(tmp_path: Path) -> None:
    write(tmp_path / ("x" * 255), [b"new"])
    assert (tmp_path / ("x" * 255)).read_text() == "new"


def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write(tmp_path / "pipe", [b"through", b" it"])
    reader.join()
    assert received == [b"through it"]
    assert (tmp_path / "pipe").is_fifo()


def test_what_is_written_is_there_when_nothing_refers_to_the_file_any_more(tmp_path: Path) -> None:
    file = temporary(tmp_path)
    number, copy = file.fileno(), os.dup(file.fileno())
    file.write(b"content")
    del file
    assert os.pread(copy, 100, 0) == b"content"
    os.close(copy)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)


def test_a_file_that_is_half_read_is_closed_without_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    file = temporary(tmp_path)
    number = file.fileno()
    file.write(bytes(100_000))
    file.seek(0)
    assert file.read(10) == bytes(10)
    circle: list[Any] = [file]  # the collector finalizes the parts of one in any order
    circle.append(circle)
    del file, circle
    gc.collect()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)
    assert said == []


def test_a_file_with_a_name_is_copied_to_another(tmp_path: Path) -> None:
    with temporary(tmp_path) as file:
        file.write(b"text")
        for name in ("first", "second"):
            publish(file, tmp_path / name)
    (tmp_path / "first").write_text("changed")
    assert (tmp_path / "second").read_text() == "text"


def test_private_files_replace_whatever_is_there(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with temporary(tmp_path) as file:
        file.write(b"text")
        publish_privately(file, tmp_path / "pipe")
    assert (tmp_path / "pipe").read_text() == "text"
    assert (tmp_path / "pipe").stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["pipe"]


@pytest.mark.parametrize("call", [opened, MappedFile.open])
def test_reading_does_not_wait_for_a_pipe(call: Callable[[Path], Any], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="Not a regular file") as caught:
        call(tmp_path / "pipe")
    assert caught.value.filename == str(tmp_path / "pipe")


def test_links_are_followed_only_on_request(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    (tmp_path / "link").symlink_to("file")
    assert bytes(MappedFile.open(tmp_path / "link")) == b"text"
    with pytest.raises(OSError, match="symbolic links"):
        opened(tmp_path / "link")


def published(path: Path, chunks: list[bytes]) -> None:
    file = temporary()
    file.writelines(chunks)
    publish(file, path)


@pytest.mark.parametrize("put", [write, published])
def test_a_later_file_removes_what_a_killed_writer_left(
    put: Callable[[Path, list[bytes]], None], tmp_path: Path
) -> None:
    names = [".farrier-0123.tmp", ".farrier-4567.tmp", "farrier-89ab.tmp"]
    for name in names:
        (tmp_path / name).write_bytes(b"half")
    hours_ago = time.time() - 2 * 3600
    for name in names[1:]:
        os.utime(tmp_path / name, (hours_ago, hours_ago))
    put(tmp_path / "net.vmfb", [b"new"])
    assert sorted(os.listdir(tmp_path)) == [names[0], names[2], "net.vmfb"]
    assert (tmp_path / "net.vmfb").read_bytes() == b"new"
