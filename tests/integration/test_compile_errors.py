"""IREE's refusals, in the user's terms."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from farrier_compiler.diagnostics import Scope, scope
from farrier_compiler.driver import Options, compile_graphs, dump
from farrier_compiler.driver.targets import Target
from farrier_compiler.graph import Graph, Value
from farrier_compiler.ops.linear_algebra import DotGeneral
from farrier_runtime import dtypes
from farrier_runtime.errors import ArgumentError, CompileError
from support.programs import Cholesky, WrongType, affine, apply, argument, function

ADVICE = "Compute it with other ops or in another data type, or compile for another target."


def refusal(graphs: list[Graph], *targets: str, options: Options | None = None) -> CompileError:
    chosen = [Target.parse(text) for text in targets or ("cpu",)]
    with pytest.raises(CompileError) as raised:
        compile_graphs(graphs, chosen, options or Options(cache=False))
    return raised.value


def excerpt(graph: Graph, index: int) -> str:
    location = graph.nodes[index].location
    assert location is not None
    return "".join(f"\n  {line}" for line in location.excerpt().splitlines())


def refused(graph_name: str = "f") -> Graph:
    x = apply("tanh", argument(3, 3))
    return function(graph_name, apply("add", apply(Cholesky(), x), x))


def test_an_op_that_iree_lacks_is_named_with_its_line() -> None:
    graph = refused()
    error = refusal([graph])
    assert str(error) == (
        "IREE cannot compile cholesky of float32 (3, 3) for cpu: it has no code for the "
        f"operation stablehlo.cholesky. {ADVICE}{excerpt(graph, 1)}"
    )
    assert "apply(Cholesky(), x)" in str(error)


def test_the_right_function_is_blamed() -> None:
    graph = refused("second")
    assert str(refusal([affine("first"), graph])).endswith(excerpt(graph, 1))


def test_a_refusal_in_code_generation_is_named_too() -> None:
    # Only GPUs from sm_89 on multiply float8.
    graph = function("f", apply("negative", product()))
    assert str(refusal([graph], "cuda:sm_80")) == (
        f"IREE cannot compile dot_general of {PRODUCT} for cuda:sm_80: the target has no code "
        f"for the operation builtin.unrealized_conversion_cast. {ADVICE}{excerpt(graph, 0)}"
    )


PRODUCT = "float8 (8, 8) and float8 (8, 8)"


def product() -> Value:
    square = argument(8, 8, dtype=dtypes.float8)
    return apply(DotGeneral((), (), (1,), (0,), dtypes.float32), square, square)


def test_a_type_that_the_target_lacks_is_named() -> None:
    graph = function("f", apply("tanh", argument(8, 8, dtype=dtypes.float64)))
    reasons = [  # which of them IREE reports first varies
        "it has no code for the operation arith.constant",
        "the target has no data type memref<64xf64, #spirv.storage_class<StorageBuffer>>",
    ]
    assert str(refusal([graph], "metal")) in [
        f"IREE cannot compile tanh of float64 (8, 8) for metal: {reason}. "
        f"{ADVICE}{excerpt(graph, 0)}"
        for reason in reasons
    ]


def test_a_dump_of_code_names_the_line_too() -> None:
    graph = function("f", product())
    with pytest.raises(CompileError) as raised:
        dump([graph], [Target.parse("cuda:sm_80")], Options(cache=False), "ptx")
    assert str(raised.value) == (
        f"IREE cannot compile dot_general of {PRODUCT} for cuda:sm_80: the target has no code "
        f"for the operation builtin.unrealized_conversion_cast. {ADVICE}{excerpt(graph, 0)}"
    )


def test_a_wrong_lowering_is_named() -> None:
    graph = function("f", apply(WrongType(), argument(3, 3)))
    assert str(refusal([graph])) == (
        "IREE cannot compile wrong_type of float32 (3, 3) for cpu: 'stablehlo.tanh' op requires "
        f"compatible types for all operands and results. {ADVICE}{excerpt(graph, 0)}"
    )


class Layer:
    def __init__(self, **children: Any) -> None:
        self.children = children

    def named_modules(self) -> Any:
        return self.children.items()


def test_the_layer_is_named() -> None:
    inner = Layer()
    token = scope.set(Scope(inner, Scope(Layer(whiten=inner), None)))
    try:
        graph = refused()
    finally:
        scope.reset(token)
    assert "in refused(), layer 'whiten'\n" in str(refusal([graph]))


def test_irees_own_report_is_a_note_and_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="farrier"):
        error = refusal([refused()])
    (note,) = error.__notes__
    assert note.startswith("IREE's report:\n")
    assert "see current operation" in note
    assert "see current operation" in caplog.text
    assert "see current operation" not in str(error)


def test_a_long_report_is_cut_in_the_note(monkeypatch: pytest.MonkeyPatch) -> None:
    from farrier_compiler.driver import failures

    monkeypatch.setattr(failures, "_NOTE_CHARACTERS", 100)
    (note,) = refusal([refused()]).__notes__
    head, _, tail = note.removeprefix("IREE's report:\n").rpartition("\n... ")
    assert len(head) == 100
    assert tail.endswith(" characters, all in the debug log)")


def test_a_flag_that_does_not_exist_is_named() -> None:
    with pytest.raises(ArgumentError) as raised:
        compile_graphs([affine("f")], [Target("cpu")], Options(flags=("--iree-no-such-flag=1",)))
    assert str(raised.value) == (
        "IREE's compiler does not take the flag '--iree-no-such-flag=1': Unknown command line "
        "argument '--iree-no-such-flag=1'."
    )


def test_a_flag_that_kills_the_compiler_leaves_this_process_alive() -> None:
    flags = ("--iree-llvmcpu-target-cpu=nonsense",)
    text = str(refusal([affine("f")], options=Options(cache=False, flags=flags)))
    assert text.startswith("IREE's compiler ended with exit code 1, a bug that this program ")
