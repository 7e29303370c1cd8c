"""The compile cache: keys, damage, eviction, concurrent processes, read-only folders."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from farrier_compiler.driver import Compiled, Options, cache, compile_graphs
from farrier_compiler.driver.cache import Cache
from farrier_compiler.driver.targets import Target
from support.programs import affine, apply, argument, function


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    graph = function("f", apply("tanh", argument(2)))
    return compile_graphs([graph], [Target("cpu")], Options(cache=False))


@pytest.fixture
def store(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


# ---------------------------------------------------------------------- where


def test_the_environment_switches_the_cache_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARRIER_CACHE", "0")
    assert cache.find() is None


def test_the_environment_names_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FARRIER_CACHE", str(tmp_path))
    assert cache.find() == Cache(tmp_path)


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_CACHE_HOME", "caches/farrier"),
        ("win32", "LOCALAPPDATA", "caches/farrier"),
        ("linux", None, ".cache/farrier"),
        ("darwin", None, "Library/Caches/farrier"),
        ("win32", None, "AppData/Local/farrier"),
    ],
)
def test_the_default_folder_is_the_platforms(
    platform: str,
    variable: str | None,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(cache.sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "FARRIER_CACHE"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "caches"))
    assert cache.find() == Cache(tmp_path / expected)


# ---------------------------------------------------------------------- keys


def test_equal_programs_have_equal_keys() -> None:
    assert cache.key([affine("f")], "flags") == cache.key([affine("f")], "flags")


def test_whatever_differs_changes_the_key() -> None:
    keys = [
        cache.key([affine("f")], "flags"),
        cache.key([affine("g")], "flags"),
        cache.key([affine("f", seed=1)], "flags"),
        cache.key([affine("f", size=33)], "flags"),
        cache.key([affine("f")], "flag", "s"),
        cache.key([affine("f")], "other"),
        cache.key([affine("f"), affine("g")], "flags"),
        cache.key([affine("g"), affine("f")], "flags"),
    ]
    assert len(set(keys)) == len(keys)


def test_the_source_of_the_compiler_is_hashed(tmp_path: Path) -> None:
    (tmp_path / "op.py").write_text("x = 1")
    first = cache.digest_of_files(tmp_path)
    cache.digest_of_files.cache_clear()
    (tmp_path / "op.py").write_text("x = 2")
    assert cache.digest_of_files(tmp_path) != first


# ---------------------------------------------------------------------- entries


def put(store: Cache, key: str, compiled: Compiled) -> None:
    file = store.new_file()
    if file is not None:
        file.write(compiled.to_bytes())
        store.put(key, file)


def test_what_is_stored_comes_back(store: Cache, compiled: Compiled) -> None:
    assert store.get("key") is None
    put(store, "key", compiled)
    entry = store.get("key")
    assert entry is not None
    file, manifest = entry
    assert file.read() == compiled.to_bytes()
    assert manifest.functions == compiled.manifest.functions


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "other"])
def test_a_damaged_entry_is_dropped(
    damage: str, store: Cache, compiled: Compiled, caplog: pytest.LogCaptureFixture
) -> None:
    put(store, "key", compiled)
    (file,) = store.directory.iterdir()
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0x10
    broken = {"cut": bytes(data[:-9]), "flip": bytes(data), "empty": b"", "other": b"text"}
    file.write_bytes(broken[damage])
    with caplog.at_level(logging.INFO, logger="farrier"):
        assert store.get("key") is None
    assert not file.exists()
    assert caplog.text.count("The cache drops") == 1


def test_the_least_recently_used_entry_is_evicted_first(store: Cache, compiled: Compiled) -> None:
    data = compiled.to_bytes()
    small = Cache(store.directory, limit=len(data) * 3)
    for age, name in enumerate(["c", "b", "a"]):
        put(small, name, compiled)
        os.utime(store.directory / f"{name}.vmfb", (1000 - age, 1000 - age))
    assert small.get("a") is not None  # the oldest, but used now
    put(small, "d", compiled)
    assert sorted(file.stem for file in store.directory.iterdir()) == ["a", "c", "d"]
    assert small.size() == 3 * len(data)


def test_what_is_larger_than_the_cache_is_not_stored(store: Cache, compiled: Compiled) -> None:
    put(Cache(store.directory, limit=10), "key", compiled)
    assert store.get("key") is None


def test_clearing_leaves_other_files_alone(store: Cache, compiled: Compiled) -> None:
    put(store, "key", compiled)
    (store.directory / "notes.txt").write_text("mine")
    store.clear()
    assert [file.name for file in store.directory.iterdir()] == ["notes.txt"]
    assert store.size() == 0


def test_a_folder_that_cannot_be_written_costs_one_line(
    tmp_path: Path, compiled: Compiled, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("not a folder")
    store = Cache(tmp_path / "file" / "cache")
    for _ in range(2):
        put(store, "key", compiled)
        assert store.get("key") is None
    assert caplog.messages == [
        f"Compiled programs are not cached: {store.directory} cannot be written (Not a directory). "
        "Set FARRIER_CACHE to a folder of your own, or to 0."
    ]


STORE = """
import sys
from pathlib import Path
from farrier_compiler.driver.cache import Cache
data = Path(sys.argv[1]).read_bytes()
store = Cache(Path(sys.argv[2]), limit=4 * len(data))
for turn in range(40):
    file = store.new_file()
    file.write(data)
    store.put(f"key{turn % 8}", file)
    entry = store.get(f"key{(turn * 3) % 8}")
    assert entry is None or entry[1].functions[0].name == "f"
"""


def test_many_processes_may_use_one_cache(tmp_path: Path, store: Cache, compiled: Compiled) -> None:
    compiled.save(tmp_path / "f.vmfb")
    command = [sys.executable, "-c", STORE, str(tmp_path / "f.vmfb"), str(store.directory)]
    children = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    errors = [child.communicate()[1] for child in children]
    assert errors == ["", "", ""]
    assert all(file.suffix == ".vmfb" for file in store.directory.iterdir())
    assert store.size() <= 4 * len(compiled.to_bytes())
