"""Locations in the user's program: layer names, lines, carets, and errors that show them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from farrier_compiler import diagnostics
from farrier_compiler.diagnostics import Location, Scope, explain, here, scope
from farrier_compiler.graph import TensorType, Value
from farrier_runtime.dtypes import float32
from farrier_runtime.errors import ArgumentError, ShapeError

THIS = Path(__file__)


class Layer:
    """A stand-in for a Module, with the attributes that scopes need."""

    def __init__(self, **children: Layer) -> None:
        self.children = children

    def named_modules(self) -> Iterable[tuple[str, Layer]]:
        return self.children.items()


def run(source: str, file: Path, **names: Any) -> dict[str, Any]:
    """Run a user's program from a file."""
    file.write_text(source, encoding="utf-8")
    variables = {"here": here, **names}
    exec(compile(source, str(file), "exec"), variables)
    return variables


def placed(source: str, file: Path) -> Location:
    """Return the location that a program records for itself."""
    return run(source, file)["place"]


def test_the_innermost_frame_of_the_user_counts() -> None:
    place = here()
    assert place is not None
    assert place.file == __file__
    assert THIS.read_text().splitlines()[place.line - 1].strip() == "place = here()"


def test_outside_any_layer_the_name_is_empty() -> None:
    place = here()
    assert place is not None
    assert place.layer == ""
    assert place.short() == f"test_diagnostics.py:{place.line}"


def test_layers_are_named_below_the_outermost_module() -> None:
    inner = Layer()
    middle = Layer(conv=inner)
    outer = Layer(encoder=middle)
    token = scope.set(Scope(inner, Scope(middle, Scope(outer, None))))
    try:
        place = here()
    finally:
        scope.reset(token)
    assert place is not None
    assert place.layer == "encoder.conv"
    assert place.short() == f"test_diagnostics.py:{place.line} encoder.conv"


def test_the_excerpt_marks_the_call(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    place = placed("x = 1\nplace = [x, here()][1]\n", file)
    assert place.excerpt() == (
        f"--> {file}:2 in <module>()\n    2 | place = [x, here()][1]\n      |             ^^^^^^"
    )


def test_carets_count_characters_and_keep_tabs(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    place = placed("if True:\n\té = 'ü'; place = here()\n", file)
    assert place.excerpt().splitlines()[1:] == [
        "    2 | \té = 'ü'; place = here()",
        "      | \t                 ^^^^^^",
    ]


def test_a_call_over_several_lines_is_marked_to_the_end_of_its_first(tmp_path: Path) -> None:
    place = placed("place = here(\n)\n", tmp_path / "net.py")
    assert place.excerpt().splitlines()[1:] == ["    1 | place = here(", "      |         ^^^^^"]


def test_without_the_source_the_place_is_all(tmp_path: Path) -> None:
    file = tmp_path / "gone.py"
    place = placed("place = here()\n", file)
    file.unlink()
    assert place.excerpt() == f"--> {file}:1 in <module>()"


def test_an_error_shows_the_line_and_where_operands_were_made(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    source = "x = make()\ny = fail(x)\n"

    def make() -> Value:
        return Value(TensorType((2, 3), float32), location=caller())

    def caller() -> Location:
        frame = diagnostics.user_frame()
        while frame is not None and frame.f_code.co_filename != str(file):
            frame = frame.f_back
        assert frame is not None
        return Location(frame.f_code, frame.f_lasti, None)

    def fail(value: Value) -> None:
        raise explain(ShapeError("Shapes do not fit."), [("input", value)])

    with pytest.raises(ShapeError) as raised:
        run(source, file, make=make, fail=fail)
    lines = str(raised.value).splitlines()
    assert lines[0] == "Shapes do not fit."
    assert lines[1].startswith(f"  --> {THIS}:")
    assert lines[-4:] == [
        "  input: float32 (2, 3), made here:",
        f"  --> {file}:1 in <module>()",
        "      1 | x = make()",
        "        |     ^^^^^^",
    ]


def test_an_error_is_explained_once() -> None:
    error = explain(ArgumentError("Wrong."))
    assert explain(error) is error
    assert str(error).count("-->") == 1


def test_an_error_keeps_its_class() -> None:
    assert type(explain(ArgumentError("Wrong."))) is ArgumentError
