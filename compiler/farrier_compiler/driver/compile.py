"""From graphs to an artifact: passes, lowering, IREE, manifest; and the text of every stage."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import json
import math
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from farrier_compiler.driver import cache
from farrier_compiler.driver.targets import (
    UNPACKED_ONCE,
    Layout,
    Target,
    byte_lanes,
    cpu_model,
    flags_for,
    full_name,
    identity,
)
from farrier_compiler.driver.worker import compile_in_worker, phases_in_worker
from farrier_compiler.elements import pack_four_bits
from farrier_compiler.graph import Array, Graph, Value
from farrier_compiler.mlir_text import PHASES, SCOPE
from farrier_compiler.passes import default_pipeline, run_passes
from farrier_compiler.sizes import SymbolicSize, dimension_of, lower, opt_of, upper
from farrier_compiler.text import print_graph
from farrier_runtime import artifact
from farrier_runtime.artifact import (
    CpuRequirements,
    Function,
    Manifest,
    Parameters,
    ResultTree,
    TensorSpec,
)
from farrier_runtime.dimension import Dimension, Size
from farrier_runtime.dtypes import int4, int8
from farrier_runtime.errors import ArgumentError, CompileError, DtypeError
from farrier_runtime.version import __version__

if TYPE_CHECKING:
    from farrier_compiler.program import Program


@dataclass(frozen=True)
class Options:
    """How to compile.

    Attributes:
        passes: the graph passes to run, as text; None: the default pipeline.
        layout: "tiled" repacks weights at load for speed; "compact" loads faster and smaller.
        weights: "embedded" in the vmfb, or "external" in a .safetensors file beside it.
        flags: further flags for IREE; with any, IREE runs in a process of its own.
        optimization_level: from 0 (compiles fastest) to 3 (runs fastest); higher numbers mean 3.
        in_process: whether IREE may run in this process, which saves half a second.
        cache: whether an earlier result for the same program may be used.

    Raises:
        ArgumentError: an option has a value that does not exist.
    """

    passes: str | None = None
    layout: Layout = "tiled"
    weights: Literal["embedded", "external"] = "embedded"
    flags: tuple[str, ...] = ()
    optimization_level: int = 3
    in_process: bool = True
    cache: bool = True

    def __post_init__(self) -> None:
        _check_choice("layout", self.layout, ("tiled", "compact"))
        _check_choice("weights", self.weights, ("embedded", "external"))
        for flag in self.flags:
            if not flag.startswith("--"):
                raise ArgumentError(f"{flag!r} is no flag of IREE's: flags begin with '--'.")


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        listed = " or ".join(map(repr, choices))
        raise ArgumentError(f"{name} must be {listed}, not {value!r}.")


@dataclass(frozen=True)
class Compiled:
    """A compiled program, and what it says of itself.

    Attributes:
        vmfb: what IREE's compiler wrote.
        manifest: functions, targets, versions; becomes `farrier.json`.
        weights: the constants that are not in the vmfb, by name.
    """

    vmfb: bytes
    manifest: Manifest
    weights: Mapping[str, Array] = field(default_factory=dict[str, Array])

    def to_bytes(self) -> bytes:
        """Return the artifact: the vmfb with its manifest."""
        return artifact.to_bytes(self.vmfb, self.manifest)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the artifact, and its weights beside it where they are external.

        Args:
            path: where to; a file that is there is replaced.

        Returns:
            The path.

        Raises:
            OSError: a file cannot be written; nothing is left half-written.
        """
        artifact.write(path, self.vmfb, self.manifest, self.weights)
        return Path(path)


def compile_graphs(
    graphs: Sequence[Graph],
    targets: Sequence[Target],
    options: Options = Options(),
    results: Sequence[ResultTree] | None = None,
) -> Compiled:
    """Compile graphs to one artifact, a function for each.

    Args:
        graphs: what to compile; names must differ, the first is the default function.
        targets: what to compile for; the first is the default.
        options: how to compile.
        results: for each graph, the tree that its outputs form; by default one output or a tuple.

    Raises:
        ArgumentError: targets, options or flags do not fit.
        DtypeError: an input or output has a data type of less than a byte.
        ParseError: `options.passes` is no pipeline.
        CompileError: IREE refused the program; the text names the layer and the line.

    Example:
        >>> from farrier_compiler.text import parse_graph
        >>> text = "graph @twice(%x: f32[2]) -> f32[2] {%0: f32[2] = add(%x, %x) return %0}"
        >>> compiled = compile_graphs([parse_graph(text)], [Target.parse("cpu")])
        >>> compiled.save("twice.vmfb").name
        'twice.vmfb'
    """
    job = _Job.prepare(graphs, targets, options)
    trees = list(results) if results is not None else [_default_tree(graph) for graph in graphs]
    store = cache.find() if options.cache else None
    key = job.key(trees) if store else ""
    found = store.get(key) if store else None
    if found is not None:
        vmfb, manifest = found
        return Compiled(vmfb, manifest, job.weights())
    compiled = Compiled(job.vmfb(), job.manifest(trees), job.weights())
    if store:
        store.put(key, compiled.to_bytes())
    return compiled


def _default_tree(graph: Graph) -> ResultTree:
    count = len(graph.outputs)
    return 0 if count == 1 else {"tuple": list(range(count))}


@dataclass(frozen=True)
class _Job:
    """Optimized graphs, ready to be lowered and compiled."""

    graphs: tuple[Graph, ...]
    targets: tuple[Target, ...]
    options: Options
    flags: tuple[str, ...]
    external: Mapping[Value, str]
    byte_lanes: int | None

    @staticmethod
    def prepare(
        graphs: Sequence[Graph],
        targets: Sequence[Target],
        options: Options,
        after: Callable[[str, Graph], None] | None = None,
    ) -> _Job:
        _check_names(graphs)
        _check_boundaries(graphs)
        lanes = _byte_lanes(graphs, targets, options)
        pipeline = _pipeline(targets, options, products_of_bytes=lanes is not None)
        optimized = tuple(run_passes(graph, pipeline, after=after) for graph in graphs)
        external = _external(optimized) if options.weights == "external" else {}
        flags = flags_for(targets, options.layout, options.optimization_level)
        if any(v.type.dtype is int4 for graph in optimized for v in graph.constants.values()):
            flags = (*flags, UNPACKED_ONCE)
        flags = (*flags, *options.flags)
        return _Job(optimized, tuple(targets), options, flags, external, lanes)

    def key(self, trees: Sequence[ResultTree]) -> str:
        """The cache key: everything that the artifact depends on."""
        return cache.key(
            self.graphs,
            _versions(),
            json.dumps(trees),
            self.options.weights,
            *self.flags,
            *map(identity, self.targets),
        )

    def program(self) -> Program:
        from farrier_compiler.iree_input import IreeBuilder  # a cache hit needs no compiler
        from farrier_compiler.iree_vnni import VnniBuilder
        from farrier_compiler.lower import lower

        lanes = self.byte_lanes
        builder = functools.partial(VnniBuilder, lanes=lanes) if lanes else IreeBuilder
        program = lower(self.graphs, builder, self._session_flags(), self.external)
        program.verify()
        return program

    def vmfb(self) -> bytes:
        with self._refusals_explained():
            program = self.program()
            if self._in_process():
                return program.compile()
            return compile_in_worker(program.bytecode(), self.flags)

    def phases(self, to: str, weights: bool) -> Iterator[tuple[str, str]]:
        with self._refusals_explained():
            program = self.program()
            if self._in_process():
                yield from program.phases(to, weights)
            else:
                yield from phases_in_worker(program.bytecode(), self.flags, to, weights)

    @contextlib.contextmanager
    def _refusals_explained(self) -> Generator[None]:
        from farrier_compiler.driver.failures import explain_failure
        from farrier_compiler.mlir import CompilationFailed

        try:
            yield
        except CompilationFailed as failure:
            raise explain_failure(failure, self.graphs, self.targets) from None

    def _in_process(self) -> bool:
        # A user's flag may end the process (an unknown CPU does), several targets need a flag that
        # is the process's and no session's: those run in the worker.
        return self.options.in_process and not self.options.flags and len(self.targets) == 1

    def _session_flags(self) -> tuple[str, ...]:
        return self.flags if self._in_process() else ()

    def weights(self) -> dict[str, Array]:
        stored = {name: _stored(value) for value, name in self.external.items()}
        return {name: data for name, data in stored.items() if data is not None}

    def manifest(self, trees: Sequence[ResultTree]) -> Manifest:
        functions = [_function(*pair) for pair in zip(self.graphs, trees, strict=True)]
        return Manifest(
            iree=_iree_version(),
            targets=tuple(map(full_name, self.targets)),
            functions=tuple(functions),
            cpu=_cpu_requirements(self.targets),
            parameters=self._parameters(),
            graph="\n".join(print_graph(graph, locations=False) for graph in self.graphs),
        )

    def _parameters(self) -> Parameters | None:
        if not self.external:
            return None
        entries = [_stored_spec(name, value) for value, name in self.external.items()]
        return Parameters(f"{self.graphs[0].name}.weights.safetensors", SCOPE, tuple(entries))


def _check_names(graphs: Sequence[Graph]) -> None:
    names = [graph.name for graph in graphs]
    if not names or len(set(names)) != len(names):
        raise ArgumentError(f"Every function needs a name of its own, but these are {names}.")


def _check_boundaries(graphs: Sequence[Graph]) -> None:
    """Refuse what the runtime cannot take or give: 4-bit integers, which IREE packs."""
    for graph in graphs:
        named = [(value.name, value) for value in graph.inputs]
        for name, value in [*named, *zip(graph.output_names, graph.outputs, strict=True)]:
            if value.type.dtype.bits < 8:
                raise DtypeError(
                    f"{graph.name} has {value.type.describe()} as its input or output '{name}', "
                    "which compiled functions cannot take or give. Cast it: int8 holds it too."
                )


def _byte_lanes(graphs: Sequence[Graph], targets: Sequence[Target], options: Options) -> int | None:
    """Return `byte_lanes` of the targets, which graphs without bytes need not know."""
    nodes = (node for graph in graphs for node in graph.nodes)
    bytes = any(value.type.dtype.bits == 8 for node in nodes for value in node.operands)
    other_cpu = any("target-cpu" in flag for flag in options.flags)
    return byte_lanes(targets) if bytes and not other_cpu else None


def _pipeline(targets: Sequence[Target], options: Options, products_of_bytes: bool) -> str:
    if options.passes is not None:
        return options.passes
    kinds = [target.kind for target in targets]
    return default_pipeline(kinds, options.weights == "external", products_of_bytes)


def _external(graphs: Sequence[Graph]) -> dict[Value, str]:
    """Name the constants that are kept outside of the vmfb."""
    names: dict[Value, str] = {}
    for graph in graphs:
        for name, value in graph.constants.items():
            if value not in names and _can_be_external(value):
                names[value] = name if name not in names.values() else f"{graph.name}.{name}"
    return names


def _can_be_external(value: Value) -> bool:
    # Small ones too: else other weights would be used with the biases of the old ones.
    kind = value.type.dtype
    return kind.is_floating or kind.is_integer


def _stored(value: Value) -> Array | None:
    """Return the elements of a constant as its file holds them: no format has int4."""
    if value.type.dtype is int4 and value.data is not None:
        return pack_four_bits(value.data)
    return value.data


def _stored_spec(name: str, value: Value) -> TensorSpec:
    if value.type.dtype is int4:
        return TensorSpec(name, int8, (math.ceil(value.type.size / 2),))
    return _spec(name, value)


def _function(graph: Graph, tree: ResultTree) -> Function:
    inputs = [_spec(value.name or "", value) for value in graph.inputs]
    outputs = [
        _spec(name, value) for name, value in zip(graph.output_names, graph.outputs, strict=True)
    ]
    return Function(graph.name, tuple(inputs), tuple(outputs), tree)


def _spec(name: str, value: Value) -> TensorSpec:
    shape = tuple(map(_size, value.type.shape))
    return TensorSpec(name, value.type.dtype, shape, value.dimension)


def _size(size: int) -> Size:
    """Return a size as the manifest has it: an expression is named by its text."""
    if not isinstance(size, SymbolicSize):
        return size
    least, most = max(lower(size), 0), max(upper(size), 0)
    usual = min(max(opt_of(size), least), most)
    return dimension_of(size) or Dimension(str(size), least, usual, most)


def _cpu_requirements(targets: Sequence[Target]) -> CpuRequirements | None:
    for target in targets:
        if target.kind == "cpu":
            model = cpu_model(target)
            return CpuRequirements(model.architecture, model.features)
    return None


def _iree_version() -> str:
    return importlib.metadata.version("iree-base-compiler")


@functools.cache
def _versions() -> str:
    """The versions, and the compiler's own source: who changes an op must not get old results."""
    return f"{__version__} {_iree_version()} {cache.digest_of_files(Path(__file__).parents[1])}"


# ------------------------------------------------------------------ dumps

# What IREE writes as files: the end of their names, and which targets have them.
_FILES = {
    "ptx": (".ptx", "a cuda target"),
    "asm": (".s", "a cpu target"),
    "llvm": (".optimized.ll", "a cpu, cuda or rocm target"),
}

STAGES = ("graph", "stablehlo", "iree-input", *PHASES, *_FILES)


def dump(
    graphs: Sequence[Graph],
    targets: Sequence[Target],
    options: Options,
    stage: str,
    weights: bool = False,
) -> dict[str, str]:
    """Return the text of one stage of the compilation.

    Args:
        graphs: what to compile.
        targets: what to compile for.
        options: how to compile.
        stage: one of `STAGES`: the graph after all passes, portable StableHLO, what IREE is given,
            one of IREE's phases, or the code it generates.
        weights: print the elements of large constants too.

    Returns:
        The text by the name of the stage, or of each generated file.

    Raises:
        ArgumentError: there is no such stage, or not for these targets.
        CompileError: IREE refused the program.
    """
    if stage not in STAGES:
        raise ArgumentError(f"There is no stage {stage!r}. Stages are {', '.join(STAGES)}.")
    job = _Job.prepare(graphs, targets, options)
    if stage in _FILES:
        return _generated_files(job, stage)
    if stage in PHASES:
        return {name: text for name, text in job.phases(stage, weights) if name == stage}
    return {stage: _own_stage(job, stage, weights)}


def stages(
    graphs: Sequence[Graph],
    targets: Sequence[Target],
    options: Options,
    weights: bool = False,
) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every stage in order: the graph after each pass, and all IRs.

    Args:
        graphs: what to compile.
        targets: what to compile for.
        options: how to compile.
        weights: print the elements of large constants too.

    Raises:
        CompileError: IREE refused the program; the stages before it have been yielded.
    """
    yield "traced", _texts(graphs)
    after: list[tuple[str, Graph]] = []
    job = _Job.prepare(graphs, targets, options, lambda name, graph: after.append((name, graph)))
    count = len(after) // len(graphs)
    for index in range(count):
        of_all_graphs = after[index::count]
        yield of_all_graphs[0][0], _texts([graph for _, graph in of_all_graphs])
    yield from ((stage, _own_stage(job, stage, weights)) for stage in STAGES[:3])
    yield from job.phases(PHASES[-1], weights)


def _own_stage(job: _Job, stage: str, weights: bool) -> str:
    from farrier_compiler.lower import lower
    from farrier_compiler.stablehlo import Builder

    if stage == "graph":
        return _texts(job.graphs)
    program = lower(job.graphs, Builder) if stage == "stablehlo" else job.program()
    return program.text(weights)


def _texts(graphs: Sequence[Graph]) -> str:
    return "\n".join(map(print_graph, graphs))


def _generated_files(job: _Job, stage: str) -> dict[str, str]:
    ending, source = _FILES[stage]
    with tempfile.TemporaryDirectory(prefix="farrier-") as directory:
        flag = f"--iree-hal-dump-executable-files-to={directory}"
        try:
            replace(job, flags=(*job.flags, flag)).vmfb()
        except CompileError:
            job.vmfb()  # fails too, with the user's lines, which are lost when IREE writes files
            raise
        files = sorted(Path(directory).glob(f"*{ending}"))
        found = {file.name: file.read_text(errors="replace") for file in files}
    if not found:
        listed = ", ".join(map(str, job.targets))
        raise ArgumentError(f"Stage {stage!r} needs {source} and something to compute: {listed}.")
    return found
