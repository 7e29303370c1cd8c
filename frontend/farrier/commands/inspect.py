"""Show an artifact's inputs, outputs and requirements without running it."""

from __future__ import annotations

import argparse
import math
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from farrier.commands.files import check_file
from farrier.commands.inputs.sizes import dimensions
from farrier.commands.text import size_text, table

if TYPE_CHECKING:
    from farrier_runtime.dimension import Size
    from farrier_runtime.manifest import Manifest, TensorSpec


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("file", metavar="FILE", help="a .vmfb that Farrier made")
    parser.add_argument("--json", action="store_true", help="print the manifest as JSON")
    parser.add_argument("--graph", action="store_true", help="print the op graph only")


def run(options: argparse.Namespace) -> int:
    """Print the manifest: a table, JSON or the graph."""
    from farrier_runtime import artifact

    path = Path(options.file)
    check_file(path)
    manifest = artifact.read(path, any_version=True)
    if options.json:
        print(manifest.to_json(), end="")
    elif options.graph:
        print(manifest.graph, end="")
    else:
        print("\n".join(table(list(_rows(path, manifest)))))
    return 0


def _rows(path: Path, manifest: Manifest) -> Iterator[tuple[str, str]]:
    yield "file", f"{path}, {size_text(path.stat().st_size)}"
    yield "made by", f"Farrier {manifest.farrier}, IREE {manifest.iree}"
    yield "targets", ", ".join(manifest.targets)
    if manifest.cpu is not None:
        yield "CPU", f"{manifest.cpu.architecture} with"
        yield from (("", line) for line in textwrap.wrap(" ".join(manifest.cpu.features), 80))
    yield from _sizes(path, manifest)
    for function in manifest.functions:
        yield "function", function.name
        yield from (("  input", _spec_text(spec)) for spec in function.inputs)
        yield from (("  output", _spec_text(spec)) for spec in function.outputs)
        for name, size in dimensions(function).items():
            yield "  size", f"{name}: {size.range}, usually {size.opt}"


def _spec_text(spec: TensorSpec) -> str:
    parts = [*map(_size_text, spec.shape), spec.dtype.short]
    value = f", the size {spec.value.name}" if spec.value is not None else ""
    return f"{spec.name}={('x' if spec.is_static else ' x ').join(parts)}{value}"


def _size_text(size: Size) -> str:
    """Return a number or a name, or an expression in parentheses, such as `(2*batch)`."""
    if isinstance(size, int) or size.name.isidentifier():
        return str(size)
    return f"({size.name})"


def _sizes(path: Path, manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Yield the sizes of the parts; very small weights are part of the program."""
    from farrier_runtime import container

    members = container.read_directory(memoryview(path.read_bytes())).members
    sizes: dict[str, int] = {"program": 0, "code": 0, "weights": 0}
    for member in members:
        if member.name != container.MEMBER:
            sizes[_part(member.name)] += member.size
    yield from ((part, size_text(size)) for part, size in sizes.items() if size)
    parameters = manifest.parameters
    if parameters is not None:
        size = sum(math.prod(entry.sizes) * entry.dtype.itemsize for entry in parameters.entries)
        yield (
            "weights",
            f"{size_text(size)}, {len(parameters.entries)} tensors in {parameters.file} beside it",
        )


def _part(member: str) -> str:
    """Return the kind of an artifact's member: IREE's program, weights, or code for a device."""
    if member == "module.fb":
        return "program"
    return "weights" if member.endswith(".bin") else "code"
