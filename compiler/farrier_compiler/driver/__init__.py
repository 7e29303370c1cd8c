"""Compilation of graphs to an artifact: targets, compiler process, cache, dumps of every stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farrier_runtime import imports

if TYPE_CHECKING:
    from farrier_compiler.driver.compile import compile_graphs
    from farrier_compiler.driver.compiled import Compiled
    from farrier_compiler.driver.dumps import STAGES, dump, stages
    from farrier_compiler.driver.modules import compile_module, module_phases
    from farrier_compiler.driver.options import Options
    from farrier_compiler.mlir.failure import CompilationFailed
    from farrier_compiler.mlir.text import PHASES

__all__ = [
    "PHASES",
    "STAGES",
    "CompilationFailed",
    "Compiled",
    "Options",
    "compile_graphs",
    "compile_module",
    "dump",
    "module_phases",
    "stages",
]

_FILES = {
    "driver.compile": ("compile_graphs",),
    "driver.compiled": ("Compiled",),
    "driver.dumps": ("STAGES", "dump", "stages"),
    "driver.modules": ("compile_module", "module_phases"),
    "driver.options": ("Options",),
    "mlir.failure": ("CompilationFailed",),
    "mlir.text": ("PHASES",),
}


def __getattr__(name: str) -> Any:
    """Import lazily: the compiler process and the user's process each need only some files."""
    for file, names in _FILES.items():
        if name in names:
            return getattr(imports.module(f"farrier_compiler.{file}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
