"""Rules of the whole source tree: imports, versions, file lengths, names and examples."""

from __future__ import annotations

import ast
import copy
import doctest
import functools
import importlib
import pkgutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import farrier as fr
import farrier_compiler
import farrier_runtime

ROOT = Path(__file__).parents[2]

PACKAGES = {
    "farrier": ROOT / "frontend" / "farrier",
    "farrier_compiler": ROOT / "compiler" / "farrier_compiler",
    "farrier_runtime": ROOT / "runtime" / "farrier_runtime",
}

# ------------------------------------------------------------------ imports


def imported(file: Path) -> Iterator[str]:
    """Yield the full name of everything that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(file.read_text(), file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def importers(prefix: str, folders: Iterator[Path] | list[Path]) -> set[str]:
    """Return the files that import a package or anything in it."""
    return {
        str(file.relative_to(ROOT))
        for folder in folders
        for file in folder.rglob("*.py")
        if any(f"{name}.".startswith(f"{prefix}.") for name in imported(file))
    }


@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        ("farrier_runtime", "farrier_compiler"),
        ("farrier_runtime", "farrier"),
        ("farrier_compiler", "farrier"),
    ],
)
def test_no_package_imports_one_above_it(lower: str, upper: str) -> None:
    assert importers(upper, [PACKAGES[lower]]) == set()


def test_packages_import_the_ones_below() -> None:
    """Shows that the search above finds imports."""
    assert importers("farrier_compiler", [PACKAGES["farrier"]])
    assert importers("farrier_runtime", [PACKAGES["farrier_compiler"]])


def test_one_file_each_imports_irees_compiler_and_runtime() -> None:
    folders = [*PACKAGES.values(), ROOT / "tools", ROOT / "examples", ROOT / "benchmarks"]
    assert importers("iree.compiler", folders) == {"compiler/farrier_compiler/mlir/compiler.py"}
    assert importers("iree.runtime", folders) == {"runtime/farrier_runtime/session.py"}
    assert importers("iree", folders) == {
        "compiler/farrier_compiler/mlir/compiler.py",
        "runtime/farrier_runtime/session.py",
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_imports_no_part_of_iree(package: str) -> None:
    code = f"import {package}, sys; print(*(n for n in sys.modules if n.split('.')[0] == 'iree'))"
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert (done.stdout, done.stderr) == ("\n", "")


# ------------------------------------------------------------------ distributions


def project(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text())


def test_versions_agree() -> None:
    whole, runtime = project(ROOT), project(ROOT / "runtime")
    version = farrier_runtime.__version__
    assert fr.__version__ == version
    assert f"farrier-runtime=={version}" in whole["project"]["dependencies"]
    files = {
        (folder / metadata["tool"]["hatch"]["version"]["path"]).resolve()
        for folder, metadata in ((ROOT, whole), (ROOT / "runtime", runtime))
    }
    assert files == {PACKAGES["farrier_runtime"] / "version.py"}
    assert whole["project"]["requires-python"] == runtime["project"]["requires-python"]


def test_supported_pythons_are_the_same_everywhere() -> None:
    versions = [f"3.{minor}" for minor in range(11, 15)]
    for folder in (ROOT, ROOT / "runtime"):
        metadata = project(folder)["project"]
        assert metadata["requires-python"] == ">=3.11,<3.15"
        named = [text.rpartition(" ")[2] for text in metadata["classifiers"] if "Python ::" in text]
        assert named == versions
    assert "(3, 11) <= sys.version_info[:2] <= (3, 14)" in (ROOT / "Makefile").read_text()
    assert "With Python 3.11 to 3.14 and make" in (ROOT / "README.md").read_text()


def test_compiler_and_runtime_of_iree_have_the_same_version() -> None:
    whole = set(project(ROOT)["project"]["dependencies"])
    runtime = set(project(ROOT / "runtime")["project"]["dependencies"])
    (compiler,) = (text for text in whole if text.startswith("iree-base-compiler"))
    assert compiler.replace("compiler", "runtime") in runtime
    assert whole & runtime == {"ml_dtypes>=0.5", "numpy>=1.26"}


# ------------------------------------------------------------------ files


def test_no_file_is_longer_than_400_lines() -> None:
    folders = ("compiler", "frontend", "runtime", "tools", "examples", "tests")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    lengths = {file.relative_to(ROOT): len(file.read_text().splitlines()) for file in files}
    assert len(lengths) > 100
    assert {str(file): length for file, length in lengths.items() if length > 400} == {}


def test_no_tool_is_named_like_a_module_of_python() -> None:
    """The folder of a script comes first on its path."""
    names = {file.stem for file in (ROOT / "tools").glob("*.py")}
    assert "compile" in names
    assert names.isdisjoint(sys.stdlib_module_names)


def test_both_distributions_are_marked_as_typed() -> None:
    for package in PACKAGES.values():
        assert (package / "py.typed").is_file(), package


# ------------------------------------------------------------------ documentation


def public() -> dict[str, Any]:
    """Return what `farrier` and `farrier.quantized` export, by name."""
    names = dict(vars(fr)) | {f"quantized.{name}": x for name, x in vars(fr.quantized).items()}
    return {
        name: value
        for name, value in names.items()
        if not name.rpartition(".")[2].startswith("_") and not isinstance(value, ModuleType)
    }


def test_names_of_the_quantized_package_are_public_ones() -> None:
    assert {"quantized.linear", "quantized.QuantizedConv"} < set(public())


def own_docstring(value: Any) -> str:
    return (vars(value).get("__doc__") if isinstance(value, type) else value.__doc__) or ""


def test_every_public_name_has_a_docstring() -> None:
    assert len(public()) > 100
    assert [name for name, value in public().items() if not own_docstring(value).strip()] == []


def test_every_public_function_and_module_has_an_example() -> None:
    named = {
        name: value
        for name, value in public().items()
        if not isinstance(value, type) or issubclass(value, fr.Module | fr.Tensor)
    }
    assert [name for name, value in named.items() if ">>> " not in own_docstring(value)] == []


@functools.cache
def examples() -> dict[str, doctest.DocTest]:
    """Return the examples in all docstrings, by the name of the documented object."""
    doctests: dict[str, doctest.DocTest] = {}
    for package in (fr, farrier_compiler, farrier_runtime):
        names = [m.name for m in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
        for name in (package.__name__, *names):
            tests = doctest.DocTestFinder().find(importlib.import_module(name))
            doctests |= {test.name: test for test in tests if test.examples}
    return doctests


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("name", examples())
def test_example(name: str, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FARRIER_CACHE", str(cache))
    test = copy.copy(examples()[name])
    # A line of tensor text may end with a space, which no source line does.
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    report: list[str] = []
    test.globs = test.globs | {"fr": fr, "np": np}
    results = runner.run(test, out=report.append)
    assert results.failed == 0, "".join(report)


def test_examples_are_written_so_that_they_are_run() -> None:
    fenced = [
        str(file.relative_to(ROOT))
        for package in PACKAGES.values()
        for file in package.rglob("*.py")
        if "```python" in file.read_text()
    ]
    assert fenced == []
