"""Dumps of every stage of a compilation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from farrier_compiler.driver.compile import Job, new_file
from farrier_compiler.driver.messages import Message
from farrier_compiler.driver.options import Options
from farrier_compiler.driver.targets import Target
from farrier_compiler.graph import Graph
from farrier_compiler.graph.graph import print_graph
from farrier_compiler.mlir.text import PHASES
from farrier_runtime.errors import ArgumentError, CompileError
from farrier_runtime.wording import shown

# The files that IREE writes: suffix, and the targets that have them.
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
            one of IREE's phases, or the code it generates; where IREE refuses it, that of the
            program with the barriers it needs.
        weights: print the elements of large constants too.

    Returns:
        The text under the name of the stage, or of each generated file.

    Raises:
        ArgumentError: there is no such stage, or these targets do not have it.
        CompileError: IREE refused the program.
    """
    if stage not in STAGES:
        raise ArgumentError(f"There is no stage {shown(stage)}. Stages are {', '.join(STAGES)}.")
    job = Job.prepare(graphs, targets, options)
    if stage in _FILES:
        return _generated_files(job, stage)
    if stage in PHASES:
        return {name: text for name, text in _phases(job, stage, weights) if name == stage}
    return {stage: _own_stage(job, stage, weights)}


def stages(
    graphs: Sequence[Graph],
    targets: Sequence[Target],
    options: Options,
    weights: bool = False,
) -> Iterator[tuple[str, str]]:
    """Yield the name and text of every stage in order: the graph after each pass, then every IR.

    Where IREE refuses a phase of a program that it compiles with barriers, its phases come again
    from the first on, with them.

    Args:
        graphs: what to compile.
        targets: what to compile for.
        options: how to compile.
        weights: print the elements of large constants too.

    Raises:
        CompileError: IREE refused the program; the earlier stages have been yielded.
    """
    yield "traced", _texts(graphs)
    after: list[tuple[str, Graph]] = []
    job = Job.prepare(graphs, targets, options, lambda name, graph: after.append((name, graph)))
    count = len(after) // len(graphs)
    for index in range(count):
        after_one_pass = after[index::count]
        yield after_one_pass[0][0], _texts([graph for _, graph in after_one_pass])
    yield from ((stage, _own_stage(job, stage, weights)) for stage in STAGES[:3])
    yield from _phases(job, PHASES[-1], weights)


def _phases(job: Job, to: str, weights: bool) -> Iterator[tuple[str, str]]:
    for reply in _replies(job, "phases", to=to, weights=weights):
        yield reply["name"], reply["text"]


def _replies(job: Job, task: str, **fields: object) -> Iterator[Message]:
    """Yield the replies to a task, and where IREE refuses it, those with the barriers it needs."""
    try:
        yield from job.replies(task, **fields)
    except CompileError:
        # A whole compile, because IREE drops the user's lines when it writes files.
        accepted, _ = job.accepted(new_file())
        yield from accepted.replies(task, **fields)


def _own_stage(job: Job, stage: str, weights: bool) -> str:
    if stage == "graph":
        return _texts(job.graphs)
    if stage == "stablehlo":
        job = replace(job, graphs=job.portable)
    (reply,) = job.replies(stage, weights=weights)
    return reply["text"]


def _texts(graphs: Sequence[Graph]) -> str:
    return "\n".join(map(print_graph, graphs))


def _generated_files(job: Job, stage: str) -> dict[str, str]:
    suffix, source = _FILES[stage]
    files = {reply["name"]: reply["text"] for reply in _replies(job, "code", ending=suffix)}
    if not files:
        listed = ", ".join(map(str, job.targets))
        raise ArgumentError(
            f"Stage {shown(stage)} needs {source} and something to compute: {listed}."
        )
    return files
