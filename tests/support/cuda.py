"""Rows compiled for CUDA, and their PTX assembled by NVIDIA's ptxas."""

from __future__ import annotations

import functools
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import farrier as fr
from farrier_compiler.driver import Options, dump
from farrier_compiler.driver.targets import Target
from farrier_compiler.graph import Graph
from farrier_runtime.dtypes import dtype
from support.compiled import Rows, Trace, by_halves, rows_of, together_with, traced
from support.records import Record


def ptx(
    row: Record,
    tested: dtype,
    architecture: str,
    rows: Rows = rows_of,
    trace: Trace = traced,
) -> str:
    """Return the assembled PTX of the module that holds a row.

    Args:
        row: what is compiled.
        tested: the data type of its inputs.
        architecture: what it is compiled for.
        rows: gives the rows of a data type, which share modules.
        trace: traces a row on inputs of a data type.

    Raises:
        CompileError: the row does not compile.
    """
    text = _chunk(together_with(row, rows(tested)), tested, architecture, trace)[row.name]
    if isinstance(text, fr.CompileError):
        raise text
    return text


@functools.cache
def _chunk(
    rows: tuple[Record, ...], tested: dtype, architecture: str, trace: Trace
) -> dict[str, str | fr.CompileError]:
    def compile(some: Sequence[Record]) -> str:
        return assembled([trace(row, tested).graph for row in some], architecture)

    return {row.name: module for row, module in by_halves(rows, compile)}


def assembled(graphs: Sequence[Graph], architecture: str) -> str:
    """Return the assembled PTX of a module.

    Raises:
        CompileError: a graph does not compile.
    """
    targets = [Target.parse(f"cuda:{architecture}")]
    text = "\n".join(dump(graphs, targets, Options(cache=False), "ptx").values())
    assemble(text, architecture)
    return text


def assemble(text: str, architecture: str) -> None:
    """Assemble PTX for an architecture.

    Raises:
        CalledProcessError: ptxas refuses it.
    """
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory) / "kernels.ptx"
        source.write_text(text)
        command = [_ptxas(), f"-arch={architecture}", "-o", f"{directory}/kernels.cubin", source]
        subprocess.run(command, check=True)


@functools.cache
def _ptxas() -> Path:
    """Find the assembler that pip's nvidia-cuda-nvcc installs."""
    for folder in map(Path, sys.path):
        for program in sorted(folder.glob("nvidia/*/bin/ptxas")):
            return program
    raise FileNotFoundError("ptxas is missing: pip install nvidia-cuda-nvcc")
