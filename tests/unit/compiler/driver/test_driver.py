"""The driver's errors, manifests and stages."""

from __future__ import annotations

from typing import Any

import pytest

from farrier_compiler.driver import STAGES, Options, compile_graphs, dump, stages
from farrier_compiler.driver.cpu_models import cpu_model
from farrier_compiler.driver.targets import Target
from farrier_compiler.ops.shape import Reshape
from farrier_runtime.dtypes import float32, int4
from farrier_runtime.errors import ArgumentError, CompileError, DtypeError, ParseError
from farrier_runtime.manifest import Function, TensorSpec
from support.graphs import written
from support.programs import affine, apply, argument, function

CPU = [Target("cpu")]
UNCACHED = Options(cache=False)


def refusal(call: Any) -> str:
    with pytest.raises(ArgumentError) as raised:
        call()
    return str(raised.value)


def test_options_are_checked() -> None:
    wrong: Any = "dense"
    assert refusal(lambda: Options(layout=wrong)) == (
        "layout must be 'tiled' or 'compact', not 'dense'."
    )
    assert refusal(lambda: Options(weights=wrong)) == (
        "weights must be 'embedded' or 'external', not 'dense'."
    )
    assert refusal(lambda: Options(flags=("-O3",))) == (
        "'-O3' is not an IREE flag: flags begin with '--'."
    )


def test_int4_stays_inside() -> None:
    x = argument(2, 3, name="x", dtype=int4)
    with pytest.raises(DtypeError) as raised:
        compile_graphs([function("f", apply(Reshape((6,)), x))], CPU, UNCACHED)
    assert str(raised.value) == (
        "f has int4 (2, 3) as its input or output 'x', which compiled functions cannot take or "
        "return. Cast it to int8."
    )


def test_functions_need_names_of_their_own() -> None:
    assert refusal(lambda: compile_graphs([affine("f"), affine("f")], CPU)) == (
        "Every function needs a name of its own, but these are ['f', 'f']."
    )
    assert refusal(lambda: compile_graphs([], CPU)) == (
        "Every function needs a name of its own, but these are []."
    )


def test_an_unknown_pass_is_refused() -> None:
    with pytest.raises(ParseError):
        compile_graphs([affine("f")], CPU, Options(passes="fold_everything"))


def test_the_manifest_says_what_was_compiled() -> None:
    x, y = argument(2, 3), argument(2, 3, name="y")
    total = apply("add", x, y)
    graph = function("pair", total, apply("tanh", total))
    manifest = compile_graphs([graph], CPU, UNCACHED).manifest
    tensors = [TensorSpec(name, float32, (2, 3)) for name in ("x", "y", "output0", "output1")]
    assert manifest.functions == (
        Function("pair", tuple(tensors[:2]), tuple(tensors[2:]), {"tuple": [0, 1]}),
    )
    host = cpu_model(Target("cpu"))
    assert manifest.targets == (f"cpu:{host.name}",)
    assert manifest.cpu is not None
    assert manifest.cpu.features == host.features
    assert manifest.parameters is None
    assert manifest.graph.startswith("graph @pair(%x: f32[2,3], %y: f32[2,3]) -> (output0: f32[")


def test_an_artifact_without_room_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("farrier_runtime.artifact.seal", full)
    with pytest.raises(CompileError) as raised:
        compile_graphs([affine("f")], CPU, UNCACHED)
    assert str(raised.value) == (
        "The artifact cannot be written: No space left on device. Make room, or set TMPDIR and "
        "FARRIER_CACHE to folders elsewhere."
    )


def test_results_may_be_nested_as_the_caller_says() -> None:
    graph = function("f", apply("tanh", argument(2)))
    compiled = compile_graphs([graph], CPU, UNCACHED, results=[{"dict": {"y": 0}}])
    assert compiled.manifest.functions[0].result == {"dict": {"y": 0}}


# ---------------------------------------------------------------------- stages


def test_an_unknown_stage_is_refused() -> None:
    assert refusal(lambda: dump([affine("f")], CPU, UNCACHED, "linalg")) == (
        f"There is no stage 'linalg'. Stages are {', '.join(STAGES)}."
    )


def test_a_stage_that_the_target_lacks_is_refused() -> None:
    assert refusal(lambda: dump([affine("f")], CPU, UNCACHED, "ptx")) == (
        "Stage 'ptx' needs a cuda target and something to compute: cpu."
    )


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("graph", "tanh(%1)   # programs.py:"),
        ("stablehlo", "stablehlo.dot_general %arg0, %cst"),
        ("iree-input", "stablehlo.tanh"),
        ("input", "linalg.matmul"),
        ("flow", "flow.dispatch"),
        ("vm", "vm.module public @module"),
        ("asm", ".section"),
        ("llvm", "target triple"),
    ],
)
def test_a_stage_is_shown(stage: str, expected: str) -> None:
    texts = dump([affine("f")], CPU, UNCACHED, stage)
    assert expected in "".join(texts.values())
    if stage not in ("asm", "llvm"):
        assert list(texts) == [stage]


def test_ptx_is_shown_for_cuda() -> None:
    (text,) = dump([affine("f")], [Target.parse("cuda:sm_90")], UNCACHED, "ptx").values()
    assert ".target sm_90" in text


def test_weights_are_shown_where_they_are_wanted() -> None:
    short = dump([affine("f")], CPU, UNCACHED, "stablehlo")["stablehlo"]
    whole = dump([affine("f")], CPU, UNCACHED, "stablehlo", weights=True)["stablehlo"]
    assert "{-#" not in short
    assert len(whole) > len(short) + 32 * 32 * 8


def test_all_stages_come_in_order() -> None:
    options = Options(cache=False, passes="canonicalize,fold_constants")
    shown = list(stages([affine("f"), affine("g")], CPU, options))
    names = [name for name, _ in shown]
    assert names[:8] == [
        "traced",
        "canonicalize",
        "fold_constants",
        "separate_loops",
        "legalize_for_iree",
        "graph",
        "stablehlo",
        "iree-input",
    ]
    assert names[-1] == "vm"
    assert len(names) == len(set(names))
    for _, text in shown:
        assert "@f(" in text
        assert "@g(" in text


def test_portable_stablehlo_stays_portable() -> None:
    graph = written("%x: f64[2]", "tanh(%x) -> f64[2]")
    shown = {stage: dump([graph], CPU, UNCACHED, stage)[stage] for stage in STAGES[:3]}
    assert "tanh" not in shown["graph"]
    assert "stablehlo.tanh" in shown["stablehlo"]
    assert "stablehlo.tanh" not in shown["iree-input"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"passes": 3}, "passes must be a string, not 3."),
        ({"passes": ["canonicalize"]}, "passes must be a string, not ['canonicalize']."),
        ({"layout": []}, "layout must be 'tiled' or 'compact', not []."),
        ({"weights": None}, "weights must be 'embedded' or 'external', not None."),
        ({"flags": (1,)}, "a flag must be a string, not 1."),
        ({"flags": ("-O2",)}, "'-O2' is not an IREE flag: flags begin with '--'."),
        ({"optimization_level": 0.5}, "optimization_level is a number from 0 to 3, not 0.5."),
        ({"cache": "no"}, "cache is True or False, not 'no'."),
    ],
)
def test_options_of_the_wrong_kind_are_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        Options(**options)
    assert str(caught.value) == text


@pytest.mark.parametrize("target", [None, 3, ("cpu",), b"cpu"])
def test_targets_of_the_wrong_kind_are_refused(target: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^There is no target .*Targets are cpu, cuda,"):
        Target.parse(target)
