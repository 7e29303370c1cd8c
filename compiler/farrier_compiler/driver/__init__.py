"""From graphs to an artifact: targets, the compiler process, the cache and dumps of every stage."""

from farrier_compiler.driver.compile import (
    STAGES,
    Compiled,
    Options,
    compile_graphs,
    dump,
    stages,
)

__all__ = ["STAGES", "Compiled", "Options", "compile_graphs", "dump", "stages"]
