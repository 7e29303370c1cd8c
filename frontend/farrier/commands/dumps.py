"""Dumps of a program's IRs, to the standard output or to numbered files."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from farrier.commands.command_line import UsageError
from farrier.commands.files import check_folder
from farrier_compiler.graph.syntax import did_you_mean
from farrier_runtime.errors import ArgumentError

if TYPE_CHECKING:
    from farrier.commands.source.base import Dump, Source
    from farrier_compiler.driver import Options
    from farrier_compiler.driver.targets import Target

ALL = "all"


def check(options: argparse.Namespace) -> bool:
    """Return whether anything is to be dumped.

    Raises:
        UsageError: a stage does not exist.
        ArgumentError: the directory cannot be created.
    """
    from farrier_compiler.driver import STAGES

    for stage in options.dump:
        if stage not in (*STAGES, ALL):
            hint = did_you_mean(stage, STAGES)
            stages = hint if "you mean" in hint else f"; stages are {', '.join(STAGES)}, {ALL}."
            raise UsageError(f"--dump {stage}: there is no such stage{stages}")
    if options.dump_to is not None and not Path(options.dump_to).is_dir():
        check_folder(Path(options.dump_to))
        if Path(options.dump_to).exists():
            raise ArgumentError(f"--dump-to {options.dump_to}: this is a file, not a directory.")
    return bool(options.dump or options.dump_to is not None or options.print_after_all)


def write(
    source: Source,
    targets: Sequence[Target],
    settings: Options,
    options: argparse.Namespace,
) -> None:
    """Print the IRs that the options select, or write them to the directory that they name."""
    wanted = options.dump or ([ALL] if options.dump_to is not None else [])
    texts = _texts(source, targets, settings, wanted, options)
    if options.dump_to is None:
        _print(texts)
    else:
        _write_files(Path(options.dump_to), texts)


def _texts(
    source: Source,
    targets: Sequence[Target],
    settings: Options,
    wanted: Sequence[str],
    options: argparse.Namespace,
) -> Iterator[Dump]:
    parts = [source.after_passes(targets, settings)] if options.print_after_all else []
    for stage in wanted:
        if stage == ALL:
            parts.append(source.all_stages(targets, settings, options.dump_weights))
        else:
            parts.append(source.stage(stage, targets, settings, options.dump_weights))
    for name, text in itertools.chain.from_iterable(parts):
        yield name, text.rstrip("\n") + "\n"


def _print(dumps: Iterator[Dump]) -> None:
    """Print texts, each below its name if there are several."""
    first = next(dumps, None)
    if first is None:
        return
    second = next(dumps, None)
    if second is None:
        print(first[1], end="")
        return
    for name, text in (first, second, *dumps):
        mark = "#" if name.endswith(".graph") else "//"
        print(f"{mark} ---- {name}\n{text}", flush=True)


def _write_files(directory: Path, dumps: Iterator[Dump]) -> None:
    """Write each text as soon as it is ready, so that those before a failure are kept."""
    from farrier_runtime import files

    directory.mkdir(parents=True, exist_ok=True)
    names: list[str] = []
    for number, (name, text) in enumerate(dumps):
        names.append(f"{number:02}-{name}")
        files.write(directory / names[-1], [text.encode()])
    print(f"{directory}: {len(names)} files, {names[0]} to {names[-1]}")
