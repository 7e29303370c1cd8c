"""Rows compiled for CUDA, and their PTX assembled by NVIDIA's ptxas."""

from __future__ import annotations

import functools
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import farrier as fr
from farrier_compiler.driver import Options, dump
from farrier_compiler.targets import Target
from farrier_runtime.dtypes import dtype
from support.compiled import function_name, rows_of, traced
from support.records import Record

CHUNK = 24


def cuda_rows(tested: dtype) -> list[Record]:
    """Return the rows of a data type that compile for CUDA."""
    return [row for row in rows_of(tested) if row.cuda]


def ptx(row: Record, tested: dtype, architecture: str) -> str:
    """Return the assembled PTX of the module that holds a row.

    Raises:
        CompileError: the row does not compile.
    """
    start = cuda_rows(tested).index(row) // CHUNK * CHUNK
    found = _chunk(tested, start, architecture)[function_name(row)]
    if isinstance(found, fr.CompileError):
        raise found
    return found


@functools.cache
def _chunk(tested: dtype, start: int, architecture: str) -> dict[str, str | fr.CompileError]:
    return dict(_compiled(cuda_rows(tested)[start : start + CHUNK], tested, architecture))


def _compiled(
    rows: Sequence[Record], tested: dtype, architecture: str
) -> Iterator[tuple[str, str | fr.CompileError]]:
    """Yield the PTX of every row, halving the module where one of them is refused."""
    try:
        found: str | fr.CompileError = _compile(rows, tested, architecture)
    except fr.CompileError as error:
        if len(rows) > 1:
            middle = len(rows) // 2
            yield from _compiled(rows[:middle], tested, architecture)
            yield from _compiled(rows[middle:], tested, architecture)
            return
        found = error
    yield from ((function_name(row), found) for row in rows)


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
