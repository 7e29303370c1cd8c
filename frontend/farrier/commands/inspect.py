"""Show what an artifact takes, gives and needs, without running it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from farrier.commands.files import check_file
from farrier.commands.text import size_text, table

if TYPE_CHECKING:
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


def _rows(path: Path, manifest: Manifest) -> Iterator[Sequence[str]]:
    yield "file", f"{path}, {size_text(path.stat().st_size)}"
    yield "made by", f"Farrier {manifest.farrier}, IREE {manifest.iree}"
    yield "targets", ", ".join(manifest.targets)
    if manifest.cpu is not None:
        features = " ".join(manifest.cpu.features) or "no further features"
        yield "CPU", f"{manifest.cpu.architecture} with {features}"
    yield from _contents(path, manifest)
    for function in manifest.functions:
        yield "function", function.name
        for kind, specs in (("input", function.inputs), ("output", function.outputs)):
            yield from ((f"  {kind}", _spec_text(spec)) for spec in specs)


def _spec_text(spec: TensorSpec) -> str:
    sizes = "".join(f"{size}x" for size in spec.shape)
    return f"{spec.name}={sizes}{spec.dtype.short}"


def _contents(path: Path, manifest: Manifest) -> Iterator[Sequence[str]]:
    """Yield the sizes of code and weights: executables are code, the module's data are weights."""
    from farrier_runtime import container

    directory = container.read_directory(memoryview(path.read_bytes()))
    sizes = {member.name: member.size for member in directory.members}
    yield "members", ", ".join(f"{name} {size_text(size)}" for name, size in sizes.items())
    parameters = manifest.parameters
    if parameters is not None:
        yield "weights", f"{parameters.file} beside it, {len(parameters.entries)} tensors"
