"""Eager evaluation's checks of sizes, in compiled functions at each call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import farrier as fr
import farrier_runtime
from support.dynamic import together

FOUR = fr.ones((4,)).eval()
TABLE = fr.ones((4, 2)).eval()


def info(*sizes: int | str, dtype: fr.dtype = fr.float32) -> fr.InputInfo:
    """Return an InputInfo with a dimension of 1 to 300 for each name."""
    shape = [fr.NamedDimension(s, 1, 4, 300) if isinstance(s, str) else s for s in sizes]
    return fr.InputInfo(shape, dtype)


def lost_sum(x: Any, y: Any) -> Any:
    return x + y, x * 2


FUNCTIONS: dict[str, tuple[Callable[..., Any], list[fr.InputInfo]]] = {
    "batch_norm": (lambda x: fr.batch_norm(x, FOUR, FOUR, FOUR, FOUR), [info(2, "t", 3)]),
    "group_norm": (lambda x: fr.group_norm(x, 2), [info(2, "t", 3)]),
    "iota": (lambda x: fr.iota_like(x, 0, fr.int8), [info("t")]),
    "arange": (lambda x: fr.arange(0, x.shape[0] * 3, 3, fr.int8), [info("t")]),
    "float16": (
        lambda x: x * 1.0 + fr.iota((x.shape[0] * 300,), 0, fr.float16)[:1],
        [info("t", dtype=fr.float16)],
    ),
    "lost_sum": (lambda x, y: lost_sum(x, y)[1], [info("t"), info("s")]),
    "lost_matmul": (lambda x, y: (x @ y, x * 2)[1], [info(2, "t"), info("s", 3)]),
    "lost_concatenate": (lambda x: (fr.concatenate([x, TABLE], 1), x * 2)[1], [info("t", 2)]),
    "lost_where": (lambda x, y: (fr.where(x > 0, x, y), x * 2)[1], [info("t"), info("s")]),
    "shape_of_sum": (lambda x, y: fr.zeros((x + y).shape), [info("t"), info("s")]),
}

CALLS = [
    ("batch_norm", [(2, 4, 3)], [(2, 1, 3)], "batch_norm_inference (*): 4 must be equal to t"),
    ("group_norm", [(2, 4, 3)], [(2, 3, 3)], "reshape (*): 12*(t//2) must be equal to 6*t"),
    ("iota", [(128,)], [(129,)], "iota (*): t must be at most 128"),
    ("arange", [(43,)], [(44,)], "arange (*): 3*t - 3 must be at most 127"),
    ("float16", [(218,)], [(219,)], "iota (*): 300*t must be at most 65505"),
    ("lost_sum", [(3,), (3,)], [(3,), (4,)], "add (*): s and t must be equal, or one of them 1"),
    ("lost_matmul", [(2, 3), (3, 3)], [(2, 3), (4, 3)], "matmul (*): t must be equal to s"),
    ("lost_concatenate", [(4, 2)], [(3, 2)], "concatenate (*): t must be equal to 4"),
    (
        "lost_where",
        [(3,), (1,)],
        [(3,), (2,)],
        "where (*): s and t must be equal, or one of them 1",
    ),
    (
        "shape_of_sum",
        [(3,), (3,)],
        [(3,), (4,)],
        "full (*): s and t must be equal, or one of them 1",
    ),
]


@pytest.fixture(scope="module")
def compiled() -> dict[str, farrier_runtime.Executable]:
    return together(FUNCTIONS)


@pytest.mark.parametrize(("name", "fitting", "others", "text"), CALLS, ids=[c[0] for c in CALLS])
def test_what_eager_refuses_the_call_refuses(
    compiled: dict[str, farrier_runtime.Executable],
    name: str,
    fitting: list[tuple[int, ...]],
    others: list[tuple[int, ...]],
    text: str,
) -> None:
    function, infos = FUNCTIONS[name]
    arrays = [np.ones(shape, infos[0].dtype.numpy) for shape in fitting]
    expected = function(*map(fr.Tensor, arrays)).numpy()
    np.testing.assert_allclose(np.asarray(compiled[name](*arrays)), expected, atol=1e-6)
    arrays = [np.ones(shape, infos[0].dtype.numpy) for shape in others]
    with pytest.raises(fr.FarrierError):
        function(*map(fr.Tensor, arrays)).numpy()
    with pytest.raises(fr.InputError) as raised:
        compiled[name](*arrays)
    start, end = text.split("*", 1)
    assert str(raised.value).startswith(f"{name} failed: {start}test_size_requirements.py:")
    assert f"{end} (" in str(raised.value)
