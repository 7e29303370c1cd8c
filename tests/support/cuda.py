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
from farrier_compiler.targets import Target
from farrier_runtime.dtypes import dtype
from support.compiled import function_name, rows_of, traced
from support.records import Record

CHUNK = 24


def ptx(row: Record, tested: dtype, architecture: str) -> str:
    """Return the assembled PTX of the module that holds a row."""
    start = _rows(tested).index(row) // CHUNK * CHUNK
    found = _chunk(tested, start, architecture)[function_name(row)]
    if isinstance(found, fr.CompileError):
        raise found
    return found


def _rows(tested: dtype) -> list[Record]:
    """Return the rows that CUDA takes: another one in a chunk would have all compiled alone."""
    return [row for row in rows_of(tested) if row.cuda]


@functools.cache
def _chunk(tested: dtype, start: int, architecture: str) -> dict[str, str | fr.CompileError]:
    rows = _rows(tested)[start : start + CHUNK]
    try:
        text = _compile(rows, tested, architecture)
    except fr.CompileError:
        return {function_name(row): _alone(row, tested, architecture) for row in rows}
    return {function_name(row): text for row in rows}


def _alone(row: Record, tested: dtype, architecture: str) -> str | fr.CompileError:
    try:
        return _compile([row], tested, architecture)
    except fr.CompileError as error:
        return error


def _compile(rows: Sequence[Record], tested: dtype, architecture: str) -> str:
    graphs = [traced(row, tested).graph for row in rows]
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
        for found in sorted(folder.glob("nvidia/*/bin/ptxas")):
            return found
    raise FileNotFoundError("ptxas is missing: pip install nvidia-cuda-nvcc")
