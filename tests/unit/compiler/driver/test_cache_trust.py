"""Trust in the cache's files: owners, permissions, and what replaces a file."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import farrier_runtime
from farrier_compiler.driver import Compiled, Options, cache, compile_graphs
from farrier_compiler.driver.cache import Cache
from farrier_compiler.driver.targets import Target
from support.programs import apply, argument, function

GRAPH = function("f", apply("tanh", argument(2)))
CURE = "Set FARRIER_CACHE to a folder of your own, or to 0."


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    return compile_graphs([GRAPH], [Target("cpu")], Options(cache=False))


@pytest.fixture
def store(tmp_path: Path, compiled: Compiled) -> Cache:
    """Return a cache with one entry."""
    store = Cache(tmp_path / "cache")
    put(store, compiled)
    return store


def put(store: Cache, compiled: Compiled, key: str = "key") -> None:
    file = store.new_file()
    assert file is not None
    file.write(compiled.to_bytes())
    store.put(key, file)


def entry(store: Cache) -> Path:
    return store.directory / "key.vmfb"


def permissions(path: Path) -> str:
    return f"{path.stat().st_mode & 0o777:o}"


# ---------------------------------------------------------------------- permissions


@pytest.mark.parametrize("links", [True, False])
def test_only_this_user_may_read_what_is_stored(
    links: bool, tmp_path: Path, compiled: Compiled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File systems without links get a copy."""
    if not links:
        monkeypatch.setattr("farrier_runtime.files._link", lambda *_: False)
    store = Cache(tmp_path / "new" / "cache")
    before = os.umask(0)
    try:
        put(store, compiled)
    finally:
        os.umask(before)
    assert permissions(store.directory) == "700"
    assert permissions(entry(store)) == "600"
    assert store.get("key") is not None
    assert os.listdir(store.directory) == ["key.vmfb"]


def test_a_saved_artifact_is_another_file_with_the_usual_permissions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARRIER_CACHE", str(tmp_path / "cache"))
    before = os.umask(0o022)
    try:
        saved = [
            compile_graphs([GRAPH], [Target("cpu")]).save(tmp_path / name)
            for name in ("compiled.vmfb", "from the cache.vmfb")
        ]
    finally:
        os.umask(before)
    (cached,) = (tmp_path / "cache").iterdir()
    assert permissions(cached) == "600"
    for path in saved:
        assert permissions(path) == "644"
        assert path.stat().st_nlink == 1
        assert path.read_bytes() == cached.read_bytes()


# ---------------------------------------------------------------------- whose entries are run


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_an_entry_that_others_may_write_is_dropped(
    mode: int, store: Cache, caplog: pytest.LogCaptureFixture
) -> None:
    entry(store).chmod(mode)
    with caplog.at_level(logging.INFO, logger="farrier"):
        assert store.get("key") is None
    assert not entry(store).exists()
    assert caplog.messages == [
        f"The cache drops {entry(store)}: may be written by other users (mode {mode:o})"
    ]


def test_an_entry_of_another_user_is_dropped(
    store: Cache, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    users = iter([os.geteuid(), os.geteuid() + 1])  # the folder's owner, then the file's
    monkeypatch.setattr(os, "geteuid", lambda: next(users))
    with caplog.at_level(logging.INFO, logger="farrier"):
        assert store.get("key") is None
    assert caplog.messages == [f"The cache drops {entry(store)}: belongs to another user"]


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o1777])
def test_a_folder_that_others_may_write_is_not_used(
    mode: int, store: Cache, compiled: Compiled, caplog: pytest.LogCaptureFixture
) -> None:
    store.directory.chmod(mode)
    assert store.get("key") is None
    assert store.new_file() is None
    store.put("other", compiled._file)  # pyright: ignore[reportPrivateUsage]
    assert os.listdir(store.directory) == ["key.vmfb"]
    assert caplog.messages == [
        f"Compiled programs are not cached: {store.directory} may be written by other users "
        f"(mode {mode:o}). {CURE}"
    ]


def test_a_folder_of_another_user_is_not_used(
    store: Cache, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert store.get("key") is None
    assert store.new_file() is None
    assert caplog.messages == [
        f"Compiled programs are not cached: {store.directory} belongs to another user. {CURE}"
    ]


# ---------------------------------------------------------------------- links, devices, folders

OTHERS: dict[str, Callable[[Path], None]] = {
    "a pipe": os.mkfifo,
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "a link to an artifact": lambda path: path.symlink_to("../saved.vmfb"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_what_stands_in_an_entrys_place_is_replaced(
    other: str, store: Cache, compiled: Compiled, tmp_path: Path
) -> None:
    compiled.save(tmp_path / "saved.vmfb")
    entry(store).unlink()
    OTHERS[other](entry(store))
    assert store.get("key") is None
    put(store, compiled)
    assert entry(store).lstat().st_size == len(compiled.to_bytes())
    assert store.get("key") is not None
    assert sorted(os.listdir(tmp_path)) == ["cache", "saved.vmfb"]
    assert (tmp_path / "saved.vmfb").read_bytes() == compiled.to_bytes()


def test_a_folder_in_an_entrys_place_costs_one_line(
    store: Cache, compiled: Compiled, caplog: pytest.LogCaptureFixture
) -> None:
    entry(store).unlink()
    entry(store).mkdir()
    for _ in range(2):
        assert store.get("key") is None
        put(store, compiled)
    assert caplog.messages == [
        f"Compiled programs are not cached: {store.directory} cannot be written (Is a directory). "
        f"{CURE}"
    ]
    assert os.listdir(store.directory) == ["key.vmfb"]


def test_a_link_to_a_folder_of_ones_own_may_be_the_cache(store: Cache, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(store.directory)
    assert Cache(tmp_path / "link").get("key") is not None


@pytest.mark.parametrize("setting", ["file", "file/below", "pipe", "loop", "n" * 5000, "/dev/null"])
def test_compiling_works_where_the_cache_is_not_a_folder(
    setting: str, tmp_path: Path, compiled: Compiled, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    store = Cache(tmp_path / setting)
    assert store.get("key") is None
    assert store.new_file() is None
    store.put("key", compiled._file)  # pyright: ignore[reportPrivateUsage]
    assert sorted(os.listdir(tmp_path)) == ["file", "loop", "pipe"]


def test_a_full_disk_is_not_used(
    store: Cache, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    usage = cache.shutil.disk_usage(store.directory)
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda _: usage._replace(free=4096))
    assert store.new_file() is None
    assert store.get("key") is not None
    assert caplog.messages == [
        f"Compiled programs are not cached: {store.directory} is on a full disk (4096 bytes are "
        f"free). {CURE}"
    ]


# ---------------------------------------------------------------------- users without a home


@pytest.mark.parametrize("home", [None, "relative"])
def test_a_user_without_a_home_has_no_cache(
    home: str | None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def of_unknown_user() -> Path:
        if home is None:
            raise RuntimeError("Could not determine home directory.")
        return Path(home)

    for name in ("XDG_CACHE_HOME", "FARRIER_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(cache.sys, "platform", "linux")
    monkeypatch.setattr(Path, "home", of_unknown_user)
    monkeypatch.setattr(cache, "_warned", set())
    for _ in range(2):
        assert cache.find() is None
    assert caplog.messages == [
        f"Compiled programs are not cached: this user has no home folder. {CURE}"
    ]
    compiled = compile_graphs([GRAPH], [Target("cpu")])
    assert farrier_runtime.load(compiled.to_bytes()).name == "f"


def test_a_folder_that_the_environment_names_needs_no_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: pytest.fail("asked for the home"))
    monkeypatch.setattr(cache.sys, "platform", "linux")
    monkeypatch.delenv("FARRIER_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.find() == Cache(tmp_path / "farrier")


def test_a_relative_cache_folder_is_ignored_as_its_specification_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(cache.sys, "platform", "linux")
    monkeypatch.delenv("FARRIER_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "caches")
    assert cache.find() == Cache(tmp_path / ".cache" / "farrier")


# ---------------------------------------------------------------------- killed writers


def test_files_of_killed_writers_count_and_are_removed(store: Cache, compiled: Compiled) -> None:
    old, new = (store.directory / f".farrier-{digit * 16}.tmp" for digit in "01")
    for part in (old, new):
        part.write_bytes(bytes(5000))
    size = len(compiled.to_bytes())
    assert store.size() == size + 10_000
    hours_ago = time.time() - 2 * 3600
    os.utime(old, (hours_ago, hours_ago))
    put(store, compiled, "other")
    assert sorted(os.listdir(store.directory)) == [new.name, "key.vmfb", "other.vmfb"]
    os.utime(entry(store), (hours_ago, hours_ago))
    put(Cache(store.directory, limit=2 * size + 4000), compiled, "third")
    assert not entry(store).exists()
    store.clear()
    assert os.listdir(store.directory) == []
