"""Rooms of the compiler: imports that only go downwards, without cycles."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "farrier_runtime": ROOT / "runtime",
    "farrier_compiler": ROOT / "compiler",
    "farrier": ROOT / "frontend",
}
FLOORS = {
    "diagnostics": 0,
    "sizes": 1,
    "types": 2,
    "graph": 3,
    "mlir": 3,
    "stablehlo": 4,
    "kernels": 4,
    "ops": 5,
    "for_iree": 5,
    "passes": 6,
    "driver": 7,
}
FOR_THE_FRONTEND = {"diagnostics", "sizes", "types", "graph", "ops", "driver"}


def module_of(file: Path, root: Path) -> str:
    return ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def modules() -> dict[str, Path]:
    """Return the file of each module of the three packages."""
    return {
        module_of(file, root): file
        for package, root in PACKAGES.items()
        for file in (root / package).rglob("*.py")
    }


MODULES = modules()


def imports(module: str) -> Iterator[str]:
    """Yield the modules of the project that a file imports, wherever the statement stands."""
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                whole = f"{node.module}.{name.name}"
                yield whole if whole in MODULES else node.module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


ARROWS = {
    module: sorted({other for other in imports(module) if other in MODULES} - {module})
    for module in MODULES
}


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def test_rooms_import_downwards() -> None:
    upwards = [
        f"{module} imports {other}"
        for module, others in ARROWS.items()
        for other in others
        if module.startswith("farrier_compiler.") and other.startswith("farrier_compiler.")
        if room(module) != room(other) and FLOORS[room(module)] <= FLOORS[room(other)]
    ]
    assert upwards == []


def test_the_frontend_knows_some_rooms_only() -> None:
    imported = {
        room(other)
        for module, others in ARROWS.items()
        for other in others
        if module.split(".")[0] == "farrier" and other.startswith("farrier_compiler.")
    }
    assert imported == FOR_THE_FRONTEND


@pytest.mark.parametrize("package", PACKAGES)
def test_no_files_import_each_other(package: str) -> None:
    arrows = {m: others for m, others in ARROWS.items() if m.split(".")[0] == package}
    graphlib.TopologicalSorter(arrows).prepare()  # names the circle
