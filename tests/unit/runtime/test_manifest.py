"""Manifests: validation of every field on reading."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest

from farrier_runtime.artifact import Function, Manifest, TensorSpec
from farrier_runtime.dimension import Dimension
from farrier_runtime.dtypes import DTYPES as DTYPES_BY_NAME
from farrier_runtime.errors import ArtifactError
from unit.runtime import modules


def document(**changes: Any) -> str:
    """Return a valid manifest, except for some fields."""
    return json.dumps({**json.loads(modules.manifest().to_json()), **changes})


def with_function(**changes: Any) -> str:
    """Return a valid manifest with one function, except for some of its fields."""
    outputs = [{"name": "y", "dtype": "int8", "shape": [2]}]
    return document(
        functions=[{"name": "f", "inputs": [], "outputs": outputs, "result": 0, **changes}]
    )


def with_input(**changes: Any) -> str:
    """Return a valid manifest with one function and input, except for some of its fields."""
    return with_function(inputs=[{"name": "x", "dtype": "float32", "shape": [1], **changes}])


def with_parameters(**changes: Any) -> str:
    """Return a valid manifest with weights outside, except for some of its fields."""
    entries = {"w": {"dtype": "float32", "shape": [1]}}
    parameters = {"file": "net.irpa", "scope": "model", "entries": entries}
    return document(parameters={**parameters, **changes})


def text_of(text: str) -> str:
    """Return the text of the error that a manifest raises."""
    with pytest.raises(ArtifactError) as caught:
        Manifest.from_json(text)
    return str(caught.value)


NUMBER = "a whole number that is not negative"
FILE = "the plain name of a .safetensors or .irpa file"
TREE = '{"list": [...]}, {"tuple": [...]} or {"dict": {...}}'
DTYPES = (
    "one of float64, float32, float16, bfloat16, float8, float8_e5m2, int64, int32, int16, int8, "
    "int4, uint64, uint32, uint16, uint8, bool"
)
WRONG = [
    ("[]", "the document", "an object", "[]"),
    (document(iree=313), "field iree", "text", "313"),
    (document(farrier=""), "field farrier", "text", '""'),
    (document(targets=[]), "field targets", "a list that is not empty", "[]"),
    (document(targets=["cpu", 1]), "field targets[1]", "text", "1"),
    (document(graph=None), "field graph", "text", "null"),
    (document(functions={}), "field functions", "a list that is not empty", "{}"),
    (
        document(hashes={}),
        "field hashes",
        "an object with the fields module and no others",
        "{}",
    ),
    (
        document(cpu={"features": []}),
        "field cpu",
        "an object with the fields architecture, features and no others",
        '{"features": []}',
    ),
    (with_function(name=1), "field functions[0].name", "text", "1"),
    (with_function(inputs=1), "field functions[0].inputs", "a list", "1"),
    (with_function(result=1), "field functions[0].result", "the index of one of 1 outputs", "1"),
    (with_function(result=True), "field functions[0].result", NUMBER, "true"),
    (with_function(result={"set": [0]}), "field functions[0].result", TREE, '{"set": [0]}'),
    (with_function(result={"list": [0, -1]}), "field functions[0].result.list[1]", NUMBER, "-1"),
    (with_input(dtype="float"), "field functions[0].inputs[0].dtype", DTYPES, '"float"'),
    (with_input(shape=[1.5]), "field functions[0].inputs[0].shape[0]", NUMBER, "1.5"),
    (with_input(shape=[-1]), "field functions[0].inputs[0].shape[0]", NUMBER, "-1"),
    (with_parameters(file="../n.irpa"), "field parameters.file", FILE, '"../n.irpa"'),
    (with_parameters(file="net.bin"), "field parameters.file", FILE, '"net.bin"'),
    (with_parameters(entries={"w": 1}), "field parameters.entries.w", "an object", "1"),
    (with_parameters(scope=None), "field parameters.scope", "text", "null"),
]


@pytest.mark.parametrize(("text", "where", "expected", "value"), WRONG)
def test_a_wrong_field(text: str, where: str, expected: str, value: str) -> None:
    assert text_of(text) == f"farrier.json is wrong: {where} should be {expected}, but is {value}"


def test_a_field_that_is_unknown_or_missing() -> None:
    expected = (
        "farrier.json is wrong: the document should be an object with the fields format, farrier, "
        "iree, targets, cpu, functions, parameters, hashes, graph and no others, but is "
    )
    assert text_of(document(extra=1)).startswith(expected)
    assert text_of('{"format": 1}') == expected + '{"format": 1}'


def test_two_of_the_same_name() -> None:
    x: dict[str, Any] = {"name": "x", "dtype": "int8", "shape": []}
    assert text_of(with_function(inputs=[x, x])) == (
        "farrier.json is wrong: field functions[0].inputs should be a list without two of the same "
        'name, but is [{"name": "x", "dtype": "int8", "shape": []}, {"name": "x...'
    )
    functions = json.loads(with_function())["functions"]
    assert text_of(document(functions=functions * 2)).startswith(
        "farrier.json is wrong: field functions should be a list without two of the same name, "
    )


def test_text_that_is_not_json() -> None:
    assert text_of("{") == (
        "farrier.json is not JSON: Expecting property name enclosed in double quotes: "
        "line 1 column 2 (char 1)"
    )


def test_a_manifest_that_is_nested_too_deeply() -> None:
    deep = "farrier.json is nested too deeply"
    assert text_of("[" * 100_000) == deep
    assert text_of(with_function(result=nested(101))) == deep
    (function,) = Manifest.from_json(with_function(result=nested(100))).functions
    assert str(function) == f"f() -> {'[' * 100}int8[2]{']' * 100}"


def nested(depth: int) -> Any:
    return functools.reduce(lambda result, _: {"list": [result]}, range(depth), 0)


def test_a_manifest_with_all_that_it_can_have_comes_back() -> None:
    full = json.loads(with_parameters())
    full["cpu"] = {"architecture": "x86_64", "features": ["avx2"]}
    result: Any = {"dict": {"a": {"tuple": [0]}, "b": {"list": []}}}
    full["functions"] = json.loads(with_function(result=result))["functions"]
    assert json.loads(Manifest.from_json(json.dumps(full)).to_json()) == full


def test_functions_print_as_signatures() -> None:
    texts = {function.name: str(function) for function in modules.manifest().functions}
    assert texts["add"] == "add(x: float32[4], y: float32[4]) -> float32[4]"
    assert texts["constant"] == "constant() -> int32[3]"
    assert texts["nested"] == (
        "nested(x: float32[2], y: float32[2]) -> "
        "{'sum': float32[2], 'rest': (float32[2], [float32[2]])}"
    )


# ---------------------------------------------------------------------- dimensions

ROWS = {"name": "rows", "min": 1, "opt": 4, "max": 8}


def test_dimensions_are_read_as_they_were_written() -> None:
    rows, count = Dimension("rows", 1, 4, 8), Dimension("a b", 0, 0, 2)
    x = TensorSpec("x", DTYPES_BY_NAME["float32"], (rows, 3, rows))
    n = TensorSpec("n", DTYPES_BY_NAME["int32"], (), count)
    y = TensorSpec("y", DTYPES_BY_NAME["int8"], (rows, count))
    function = Function("f", (x, n), (y,), 0)
    manifest = Manifest(modules.IREE, ("cpu:host",), (function,))
    (read,) = Manifest.from_json(manifest.to_json()).functions
    assert read == function
    assert str(read) == "f(x: float32[rows, 3, rows], n: int32[]) -> int8[rows, a b]"
    assert read.json["inputs"][0]["shape"] == [ROWS, 3, ROWS]
    assert read.json["inputs"][1]["value"] == {"name": "a b", "min": 0, "opt": 0, "max": 2}
    assert (x.is_static, n.is_static, x.usual_sizes) == (False, True, (4, 3, 4))


PLACE = "field functions[0].inputs[0].shape[0]"
FIELDS = "an object with the fields name, min, opt, max and no others"
BAD_DIMENSIONS = {
    "missing": ({"name": "rows", "min": 1, "opt": 4}, "", FIELDS),
    "extra": ({**ROWS, "step": 2}, "", FIELDS),
    "name": ({**ROWS, "name": 3}, ".name", "text"),
    "empty name": ({**ROWS, "name": ""}, ".name", "text"),
    "negative": ({**ROWS, "min": -1}, ".min", NUMBER),
    "fraction": ({**ROWS, "opt": 1.5}, ".opt", NUMBER),
    "bool": ({**ROWS, "max": True}, ".max", NUMBER),
    "order": ({**ROWS, "min": 5}, "", "a dimension with min <= opt <= max"),
}


@pytest.mark.parametrize("name", BAD_DIMENSIONS)
def test_dimensions_that_are_wrong(name: str) -> None:
    dimension, path, expected = BAD_DIMENSIONS[name]
    value = json.dumps(dimension if not path else dimension[path[1:]])
    value = value if len(value) <= 60 else value[:57] + "..."
    assert text_of(with_input(shape=[dimension])) == (
        f"farrier.json is wrong: {PLACE}{path} should be {expected}, but is {value}"
    )


def test_values_that_are_not_dimensions() -> None:
    assert text_of(with_input(value=3)) == (
        "farrier.json is wrong: field functions[0].inputs[0].value should be an object, but is 3"
    )
    assert text_of(with_input(shape=["rows"])) == (
        f'farrier.json is wrong: {PLACE} should be {NUMBER}, but is "rows"'
    )
