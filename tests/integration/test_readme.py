"""The examples of README and CONTRIBUTING, and the op whose diff CONTRIBUTING shows."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_python_examples_run(tmp_path: Path) -> None:
    for number, block in enumerate(blocks("python")):
        script = tmp_path / f"example{number}.py"
        script.write_text(block)
        subprocess.run([sys.executable, "-W", "error", script], check=True, cwd=tmp_path)
    assert (tmp_path / "net.vmfb").exists()


def commands() -> list[str]:
    lines = "\n".join(blocks("sh")).replace("\\\n", " ").splitlines()
    return [line for line in lines if line.startswith(("farrier ", "tools/"))]


def test_commands_run(tmp_path: Path) -> None:
    for line in commands():
        words = shlex.split(line.replace("build/", f"{tmp_path}/"))
        program = [sys.executable, "-m", "farrier.cli"]
        if words[0] == "tools/compile.py":
            program = [sys.executable, words[0]]
        subprocess.run([*program, *words[1:]], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def test_make_commands_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make ([\w-]+)", "\n".join(blocks("sh")), re.MULTILINE):
        assert f"\n{target}:" in makefile


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_links_lead_somewhere(document: str) -> None:
    prose = re.sub(r"```.*?```", "", (ROOT / document).read_text(), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)#:]+)\)", prose):
        assert (ROOT / link).exists(), link


def test_diff_is_the_code() -> None:
    """Each part of the op that CONTRIBUTING shows is in the file that it names."""
    (diff,) = re.findall(r"```diff\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    files = re.findall(r"^--- a/(\S+)\n((?:[+@].*\n)+)", diff, re.MULTILINE)
    shown = "".join(f"--- a/{name}\n{parts}" for name, parts in files)
    assert (len(files), shown) == (5, diff)
    for name, parts in files:
        source = "\n" + (ROOT / name).read_text()
        for part in parts.split("@@\n"):
            assert "\n" + re.sub(r"^\+", "", part, flags=re.MULTILINE) in source, part


def source(name: str) -> Path:
    """Return the file that the architecture calls by its path in a package or the repository."""
    places = [ROOT / folder / name for folder in ("frontend", "compiler", "runtime", "")]
    return next((place for place in places if place.is_file()), ROOT / name)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([\w/]+\.py)`", ARCHITECTURE))))
def test_files_of_the_architecture_exist(name: str) -> None:
    assert source(name).is_file()


def test_steps_of_the_architecture_are_in_their_files() -> None:
    steps = re.findall(r"^\| `([\w/]+\.py)` \| (.*) \|$", ARCHITECTURE, re.MULTILINE)
    missing = [
        (file, name)
        for file, text in steps
        for name in re.findall(r"`([\w.]+)`", text)
        if name.rpartition(".")[2] not in source(file).read_text()
    ]
    assert len(steps) > 40
    assert missing == []


def test_the_architecture_shows_all_rooms() -> None:
    rooms = re.findall(r"^ │ [\d ] +(\w+)  ", ARCHITECTURE, re.MULTILINE)
    compiler = ROOT / "compiler" / "farrier_compiler"
    folders = [file.parent.name for file in compiler.glob("*/__init__.py")]
    assert sorted(rooms) == sorted([*folders, "diagnostics"])
