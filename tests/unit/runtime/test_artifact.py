"""Artifacts: atomic writes, readability by other tools, and refusal of faulty ones."""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import farrier_runtime
from farrier_runtime.artifact import read, to_bytes, write
from farrier_runtime.container import tail
from farrier_runtime.errors import ArtifactError
from unit.runtime import modules


def text_of(call: Callable[[], Any]) -> str:
    """Return the text of the ArtifactError that a call raises."""
    with pytest.raises(ArtifactError) as caught:
        call()
    return str(caught.value)


def test_a_manifest_comes_back_as_it_was_written(tmp_path: Path) -> None:
    about = modules.manifest(graph='graph @add(%x: f32[4], %y: f32[4]) {  # "è"\n}')
    write(tmp_path / "net.vmfb", modules.vmfb(), about)
    manifest = read(tmp_path / "net.vmfb")
    assert manifest.module_hash != ""
    assert replace(manifest, module_hash="") == about
    assert read((tmp_path / "net.vmfb").read_bytes()) == manifest


def test_the_module_stays_byte_for_byte_at_the_start() -> None:
    assert modules.artifact().startswith(modules.vmfb())


def test_equal_inputs_make_equal_files() -> None:
    assert modules.artifact() == modules.artifact()


def test_zip_tools_list_and_check_the_file(path: Path) -> None:
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        assert [file.namelist()[0], file.namelist()[-1]] == ["module.fb", "farrier.json"]
        assert json.loads(file.read("farrier.json"))["functions"][0]["name"] == "add"


def test_iree_run_module_runs_the_file(path: Path) -> None:
    tool = shutil.which("iree-run-module", path=os.path.dirname(sys.executable))
    assert tool is not None
    arguments = [f"--module={path}", "--function=add", "--device=local-sync"]
    inputs = ["--input=4xf32=1 2 3 4", "--input=4xf32=10"]
    done = subprocess.run([tool, *arguments, *inputs], capture_output=True, text=True, check=True)
    assert "4xf32=11 12 13 14" in done.stdout


def test_writing_replaces_a_file_and_leaves_no_other(tmp_path: Path) -> None:
    (tmp_path / "net.vmfb").write_text("old")
    write(tmp_path / "net.vmfb", modules.vmfb(), modules.manifest())
    assert os.listdir(tmp_path) == ["net.vmfb"]
    assert (tmp_path / "net.vmfb").read_bytes() == modules.artifact()


def test_an_artifact_takes_no_second_manifest() -> None:
    assert text_of(lambda: to_bytes(modules.artifact(), modules.manifest())) == (
        "this vmfb already has a farrier.json; pass what the compiler wrote"
    )


def test_only_a_vmfb_becomes_an_artifact() -> None:
    assert text_of(lambda: to_bytes(b"module {}", modules.manifest())) == "this is not a vmfb file"


def test_a_missing_file(tmp_path: Path) -> None:
    file = tmp_path / "net.vmfb"
    assert text_of(lambda: farrier_runtime.load(file)) == (
        f"{file}: cannot be read: No such file or directory"
    )


def test_an_empty_file(tmp_path: Path) -> None:
    file = tmp_path / "net.vmfb"
    file.touch()
    assert text_of(lambda: read(file)) == f"{file}: cannot be read: the file is empty"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("pipe", "Not a regular file"),
        ("/dev/zero", "Not a regular file"),
        (".", "Is a directory"),
        ("loop", "Too many levels of symbolic links"),
    ],
)
def test_what_is_not_a_file_is_refused(
    path: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    os.symlink("loop", "loop")
    assert text_of(lambda: farrier_runtime.load(path)) == f"{path}: cannot be read: {reason}"


def test_another_kind_of_file() -> None:
    assert text_of(lambda: read(b"\x7fELF")) == "artifact in memory: this is not a vmfb file"


def test_a_truncated_file() -> None:
    assert text_of(lambda: read(modules.artifact()[:-100])) == (
        "artifact in memory: the file is truncated, or something was added to its end"
    )


def test_a_file_with_something_at_its_end() -> None:
    assert text_of(lambda: read(modules.artifact() + b"\n")) == (
        "artifact in memory: the file is truncated, or something was added to its end"
    )


def test_a_damaged_member() -> None:
    data = bytearray(modules.artifact())
    data[1000] ^= 1
    assert text_of(lambda: read(bytes(data))) == (
        "artifact in memory: the file is damaged: its member 'module.fb' has a wrong CRC"
    )


def test_a_module_that_was_exchanged() -> None:
    document = modules.manifest(module_hash="0" * 64).to_json().encode()
    assert text_of(lambda: read(modules.vmfb() + tail(memoryview(modules.vmfb()), document))) == (
        "artifact in memory: the file is damaged: the module is not the one it was made with"
    )


def test_a_repacked_file() -> None:
    packed = io.BytesIO(modules.artifact())
    with zipfile.ZipFile(packed, "a") as file:
        file.writestr("notes.txt", "hello")
    assert text_of(lambda: read(packed.getvalue())).startswith("artifact in memory: ")


def test_a_compressed_file() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("module.fb", "module" * 100)
    assert text_of(lambda: read(packed.getvalue())) == (
        "artifact in memory: the file is damaged: its member 'module.fb' is compressed"
    )


def test_a_vmfb_that_iree_compile_wrote() -> None:
    assert text_of(lambda: farrier_runtime.load(modules.vmfb())) == (
        "artifact in memory: this vmfb has no farrier.json: iree-compile made it, not Farrier, so "
        "its inputs are unknown. Run it with: iree-run-module --module=FILE --function=NAME "
        "--input=..."
    )


def test_another_format_version() -> None:
    document = json.dumps({"format": 7, "farrier": "2.1.0", "shape": "unknown"})
    vmfb = modules.vmfb()
    assert text_of(lambda: read(vmfb + tail(memoryview(vmfb), document.encode()))) == (
        "artifact in memory: the file has format version 7 (made by Farrier 2.1.0), but Farrier "
        f"{farrier_runtime.__version__} reads format version 1. Compile it again with this "
        "version, or install farrier-runtime==2.1.0"
    )


def test_another_version_of_iree(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(_: str) -> str:
        return "3.13.0"

    monkeypatch.setattr("importlib.metadata.version", version)
    other = modules.artifact(iree="3.9.1")
    assert text_of(lambda: read(other)) == (
        "artifact in memory: the module was compiled by IREE 3.9.1, but IREE 3.13.0 is installed, "
        "and IREE runs only modules of its own version. Compile it again, or install "
        '"iree-base-runtime==3.9.*"'
    )
    assert read(other, any_version=True).iree == "3.9.1"


def test_a_patch_release_of_iree_is_the_same_version() -> None:
    assert read(modules.artifact(iree="3.13.7")).iree == "3.13.7"


def test_any_flipped_bit_is_noticed() -> None:
    """IREE's own loader accepts half of such files, and hangs on or crashes from some."""
    whole = modules.device_artifact(modules.CPU, "cpu:host")
    chance = random.Random(7)
    tail = len(modules.compiled(modules.source(modules.DEVICE_FUNCTIONS)))
    places = [*chance.sample(range(len(whole)), 300), *range(tail, len(whole), 5)]
    for place in places:
        data = bytearray(whole)
        data[place] ^= 1 << chance.randrange(8)
        with pytest.raises(ArtifactError):
            read(bytes(data))


def test_cut_moved_and_repeated_bytes_are_noticed() -> None:
    whole = modules.device_artifact(modules.CPU, "cpu:host")
    chance = random.Random(8)
    for _ in range(300):
        start, end, target = sorted(chance.sample(range(len(whole) + 1), 3))
        cut = whole[:start] + whole[end:]
        for data in (whole[:end], cut, cut[:target] + whole[start:end] + cut[target:]):
            if data != whole:
                with pytest.raises(ArtifactError):
                    read(data)


def test_directories_that_lie_about_sizes_are_noticed() -> None:
    """Numbers near the limits of 16, 32 and 64 bits in every field of the table of contents."""
    whole = modules.device_artifact(modules.CPU, "cpu:host")
    start = whole.rindex(b"PK\1\2")
    for place in range(start, len(whole) - 4):
        for value in (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xfe\xff\xff\x7f"):
            data = whole[:place] + value + whole[place + 4 :]
            if data != whole:
                with pytest.raises(ArtifactError):
                    read(data)


def test_a_result_of_a_file_and_of_bytes_is_the_same(path: Path) -> None:
    x = np.random.default_rng(0).standard_normal(4).astype(np.float32)
    from_file, from_bytes = (
        farrier_runtime.load(source, threads=1)(x, x) for source in (path, path.read_bytes())
    )
    np.testing.assert_array_equal(from_file, from_bytes)


def test_a_program_can_be_saved_again(path: Path, tmp_path: Path) -> None:
    loaded = farrier_runtime.load(path)
    assert loaded.save(tmp_path / "copy.vmfb") == tmp_path / "copy.vmfb"
    assert (tmp_path / "copy.vmfb").read_bytes() == path.read_bytes()
