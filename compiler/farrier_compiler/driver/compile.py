"""Compilation of graphs to an artifact: passes, compiler process, manifest and cache."""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from farrier_compiler.driver import cache, compiler_process, cpu_models
from farrier_compiler.driver.compiled import Compiled, sealed
from farrier_compiler.driver.describe import (
    cpu_requirements,
    function,
    iree_version,
    stored,
    stored_spec,
)
from farrier_compiler.driver.failures import explain_failure, retry_text
from farrier_compiler.driver.graph_messages import encode
from farrier_compiler.driver.messages import Message
from farrier_compiler.driver.options import DEFAULT, Options
from farrier_compiler.driver.targets import Target, check_kinds
from farrier_compiler.graph import Graph, Value
from farrier_compiler.graph.graph import print_graph
from farrier_compiler.mlir.failure import CompilationFailed
from farrier_compiler.mlir.text import SCOPE
from farrier_compiler.passes import Pass, default_pipeline, parse_pipeline, run_passes
from farrier_compiler.passes.legalize_for_iree import LegalizeForIree
from farrier_compiler.passes.separate_loops import SeparateLoops
from farrier_compiler.types.elements import Array
from farrier_runtime import files
from farrier_runtime.artifact import Manifest, Parameters, ResultTree
from farrier_runtime.errors import ArgumentError, CompileError, DtypeError
from farrier_runtime.hashes import hashes
from farrier_runtime.version import __version__

_logger = logging.getLogger("farrier")


def compile_graphs(
    graphs: Sequence[Graph],
    targets: Sequence[Target],
    options: Options = DEFAULT,
    results: Sequence[ResultTree] | None = None,
) -> Compiled:
    """Compile graphs to one artifact with a function for each.

    Args:
        graphs: what to compile; names must differ, the first is the default function.
        targets: what to compile for; the first is the default.
        options: how to compile.
        results: the tree of each graph's outputs; by default one output or a tuple.

    Raises:
        ArgumentError: targets, options or flags are not valid.
        DtypeError: an input or output has a data type of less than a byte.
        ParseError: `options.passes` is not a pipeline.
        CompileError: IREE refused the program; the text names the layer and the line.

    Example:
        >>> from farrier_compiler.graph.parser import parse_graph
        >>> text = "graph @twice(%x: f32[2]) -> f32[2] {%0: f32[2] = add(%x, %x) return %0}"
        >>> compiled = compile_graphs([parse_graph(text)], [Target.parse("cpu")])
        >>> compiled.save("twice.vmfb").name
        'twice.vmfb'
    """
    job = Job.prepare(graphs, targets, options)
    trees = list(results) if results is not None else [_default_tree(graph) for graph in graphs]
    store = cache.find() if options.cache else None
    key = job.key(trees) if store else ""
    hit = store.get(key) if store else None
    if hit is not None:
        return Compiled(*hit, job.weights())
    file = new_file(store)
    job.compile(file)
    compiled = sealed(file, job.manifest(trees), job.weights())
    if store:
        store.put(key, file)
    return compiled


def _default_tree(graph: Graph) -> ResultTree:
    count = len(graph.outputs)
    return 0 if count == 1 else {"tuple": list(range(count))}


def new_file(store: cache.Cache | None = None) -> BinaryIO:
    """Open a file for an artifact, in the cache if that is given and can store it.

    Raises:
        CompileError: there is no folder for it.
    """
    in_cache = store.new_file() if store else None
    folder = compiler_process.temporary_folder()
    try:
        return in_cache or files.temporary(folder)
    except OSError as error:
        raise CompileError(
            f"The artifact cannot be written to {folder}: {error.strerror}. Set TMPDIR to a "
            "writable folder."
        ) from None


@dataclass(frozen=True)
class Job:
    """Optimized graphs, ready to be lowered and compiled.

    Attributes:
        graphs: the graphs for IREE, legalized.
        portable: the graphs before legalization.
        targets: what to compile for.
        options: how to compile.
        external: constants that are kept outside of the vmfb, with their names there.
        vnni_lanes: see `cpu_models.vnni_lanes`.
        alone: numbers of the nodes that get barriers around them, counted over all graphs.
    """

    graphs: tuple[Graph, ...]
    portable: tuple[Graph, ...]
    targets: tuple[Target, ...]
    options: Options
    external: Mapping[Value, str]
    vnni_lanes: int | None
    alone: tuple[int, ...] = ()

    @staticmethod
    def prepare(
        graphs: Sequence[Graph],
        targets: Sequence[Target],
        options: Options,
        after: Callable[[str, Graph], None] | None = None,
    ) -> Job:
        """Run the passes.

        Args:
            graphs: what to compile.
            targets: what to compile for.
            options: how to compile.
            after: called with the name and result of each pass.

        Raises:
            ArgumentError: names, targets or options are not valid.
            DtypeError: an input or output has a data type of less than a byte.
            ParseError: `options.passes` is not a pipeline.
        """
        check_kinds(targets)
        _check_names(graphs)
        _check_boundaries(graphs)
        lanes = _vnni_lanes(graphs, targets, options)
        passes = _pipeline(targets, options, has_vnni=lanes is not None)
        portable, legal = zip(*[_optimized(graph, passes, after) for graph in graphs], strict=True)
        external = _external(portable) if options.weights == "external" else {}
        return Job(legal, portable, tuple(targets), options, external, lanes)

    def key(self, trees: Sequence[ResultTree]) -> str:
        """Return the cache key, which covers everything that the artifact depends on."""
        options = self.options
        return cache.key(
            self.graphs,
            _versions(),
            json.dumps([trees, options.layout, options.optimization_level, *options.flags]),
            options.weights,
            *map(cpu_models.fingerprint, self.targets),
        )

    def compile(self, file: BinaryIO) -> dict[str, float]:
        """Write the vmfb to an open file.

        Returns:
            The seconds that lowering and IREE took in the compiler process.

        Raises:
            CompileError: IREE refused the program; the text names the layer and the line.
        """
        _, reply = self.accepted(file)
        if len(self.targets) == 1 and not self.options.flags:
            cpu_models.learn(self.targets[0], reply["device"])  # saves asking for it
        return reply["seconds"]

    def accepted(self, file: BinaryIO) -> tuple[Job, Message]:
        """Compile; if IREE refuses, try again with barriers around the refused op, then around all.

        Args:
            file: where the vmfb is written.

        Returns:
            The job with the barriers that it needs, and the reply to it.

        Raises:
            CompileError: IREE refused the program; the text names the layer and the line.
        """
        with self._refusals_explained():
            try:
                return self._attempt(file)
            except CompilationFailed as failure:
                _logger.warning("%s", retry_text(failure, self.graphs))
                everything = tuple(range(sum(len(graph.nodes) for graph in self.graphs)))
                refused = [] if failure.node is None else [(failure.node,)]
                for alone in (*refused, everything):
                    with contextlib.suppress(CompilationFailed):
                        return replace(self, alone=alone)._attempt(file)
                raise

    def _attempt(self, file: BinaryIO) -> tuple[Job, Message]:
        (reply,) = self._answers("compile", file.fileno())
        return self, reply

    def replies(self, task: str, *more: int, **fields: object) -> Iterator[Message]:
        """Run a task on the graphs in the compiler process, and yield its replies.

        Args:
            task: one of the tasks of `jobs`.
            more: descriptors of open files that the task needs.
            fields: further fields of the request.

        Raises:
            CompileError: IREE refused the program; the text names the layer and the line.
        """
        with self._refusals_explained():
            yield from self._answers(task, *more, **fields)

    def _answers(self, task: str, *more: int, **fields: object) -> Iterator[Message]:
        graphs, constants = encode(self.graphs, self.external)
        try:
            own = {"vnni_lanes": self.vnni_lanes, "alone": self.alone}
            message = {"task": task, **own, **graphs, **fields}
            yield from replies(message, self.targets, self.options, [constants, *more])
        finally:
            os.close(constants)

    @contextlib.contextmanager
    def _refusals_explained(self) -> Generator[None]:
        try:
            yield
        except CompilationFailed as failure:
            raise explain_failure(failure, self.graphs, self.targets, self.portable) from None

    def weights(self) -> dict[str, Array]:
        """Return the external constants by name."""
        arrays = {name: stored(value) for value, name in self.external.items()}
        return {name: array for name, array in arrays.items() if array is not None}

    def manifest(self, trees: Sequence[ResultTree]) -> Manifest:
        """Return the artifact's manifest, except for the hash of the vmfb."""
        functions = [function(*pair) for pair in zip(self.graphs, trees, strict=True)]
        return Manifest(
            iree=iree_version(),
            targets=tuple(map(cpu_models.full_name, self.targets)),
            functions=tuple(functions),
            cpu=cpu_requirements(self.targets),
            parameters=self._parameters(),
            graph="\n".join(print_graph(graph, locations=False) for graph in self.graphs),
        )

    def _parameters(self) -> Parameters | None:
        if not self.external:
            return None
        entries = [stored_spec(name, value) for value, name in self.external.items()]
        file = f"{self.graphs[0].name}.weights.safetensors"
        return Parameters(file, SCOPE, tuple(entries), hashes(self.weights()))


def replies(
    message: Message, targets: Sequence[Target], options: Options, opened: Sequence[int]
) -> Iterator[Message]:
    """Run a task for some targets in the compiler process, and yield its replies.

    Raises:
        CompilationFailed: IREE refused the program.
        ArgumentError: IREE has no such flag, or the flag does not take this value.
        CompileError: the compiler died or took too long; the text says how.
    """
    settings = {
        "targets": [str(target) for target in targets],
        "layout": options.layout,
        "optimization_level": options.optimization_level,
        "flags": options.flags,
    }
    return compiler_process.replies(message | settings, opened)


def _check_names(graphs: Sequence[Graph]) -> None:
    names = [graph.name for graph in graphs]
    if not names or len(set(names)) != len(names):
        raise ArgumentError(f"Every function needs a name of its own, but these are {names}.")


def _check_boundaries(graphs: Sequence[Graph]) -> None:
    """Refuse 4-bit inputs and outputs, which the runtime cannot pass because IREE packs them."""
    for graph in graphs:
        named = [(value.name, value) for value in graph.inputs]
        for name, value in [*named, *zip(graph.output_names, graph.outputs, strict=True)]:
            if value.type.dtype.bits < 8:
                raise DtypeError(
                    f"{graph.name} has {value.type.describe()} as its input or output '{name}', "
                    "which compiled functions cannot take or return. Cast it to int8."
                )


def _vnni_lanes(graphs: Sequence[Graph], targets: Sequence[Target], options: Options) -> int | None:
    """Return the `vnni_lanes` of the targets, which only graphs with 8-bit operands need."""
    nodes = (node for graph in graphs for node in graph.nodes)
    has_bytes = any(value.type.dtype.bits == 8 for node in nodes for value in node.operands)
    other_cpu = any("target-cpu" in flag for flag in options.flags)
    return cpu_models.vnni_lanes(targets) if has_bytes and not other_cpu else None


def _pipeline(targets: Sequence[Target], options: Options, has_vnni: bool) -> list[Pass]:
    if options.passes is not None:
        return parse_pipeline(options.passes)
    kinds = [target.kind for target in targets]
    return default_pipeline(kinds, options.weights == "external", has_vnni)


def _optimized(
    graph: Graph, passes: Sequence[Pass], after: Callable[[str, Graph], None] | None
) -> tuple[Graph, Graph]:
    """Return a graph after the given passes and the final ones, which every pipeline ends with."""
    portable = run_passes(graph, passes, after=after)
    return portable, run_passes(portable, [SeparateLoops(), LegalizeForIree()], after=after)


def _external(graphs: Sequence[Graph]) -> dict[Value, str]:
    """Return the constants to keep outside the vmfb, with their names."""
    names: dict[Value, str] = {}
    for graph in graphs:
        for name, value in graph.constants.items():
            if value not in names and _can_be_external(value):
                names[value] = name if name not in names.values() else f"{graph.name}.{name}"
    return names


def _can_be_external(value: Value) -> bool:
    # Include small constants: swapped weights must not keep the old biases.
    dtype = value.type.dtype
    return dtype.is_floating or dtype.is_integer


@functools.cache
def _versions() -> str:
    """Return the versions and a hash of the compiler's source: changed code invalidates results."""
    return f"{__version__} {iree_version()} {cache.digest_of_files(Path(__file__).parents[1])}"
