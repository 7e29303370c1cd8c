"""Dims of scalars: 0 and -1, as in torch, for every function that works along or over dims."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import farrier as fr
from support.messages import message

# The result of each function for the scalar 3.0.
FUNCTIONS: dict[str, tuple[Callable[[Any, int], Any], Any]] = {
    "sum": (fr.sum, 3.0),
    "prod": (fr.prod, 3.0),
    "max": (fr.max, 3.0),
    "min": (fr.min, 3.0),
    "mean": (fr.mean, 3.0),
    "var": (lambda x, dim: fr.var(x, dim, correction=0), 0.0),
    "all": (lambda x, dim: fr.all(x > 0, dim), True),
    "any": (lambda x, dim: fr.any(x > 0, dim), True),
    "argmax": (fr.argmax, 0),
    "argmin": (fr.argmin, 0),
    "argsort": (fr.argsort, 0),
    "sort": (lambda x, dim: fr.sort(x, dim)[0], 3.0),
    "topk": (lambda x, dim: fr.topk(x, 1, dim)[0], 3.0),
    "cumsum": (fr.cumsum, 3.0),
    "softmax": (fr.softmax, 1.0),
    "log_softmax": (fr.log_softmax, 0.0),
    "flip": (fr.flip, 3.0),
    "squeeze": (fr.squeeze, 3.0),
    "transpose": (lambda x, dim: fr.transpose(x, dim, 0), 3.0),
    "gather": (lambda x, dim: fr.gather(x, dim, fr.Tensor([0, -1])), [3.0, 3.0]),
    "repeat": (lambda x, dim: fr.repeat(x, 2, dim), [3.0, 3.0]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dim", [0, -1])
def test_a_scalar_has_the_dims_0_and_minus_1(name: str, dim: int) -> None:
    function, expected = FUNCTIONS[name]
    assert function(fr.Tensor(3.0), dim).tolist() == expected


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dim", [1, -2])
def test_a_scalar_has_no_other_dim(name: str, dim: int) -> None:
    with pytest.raises(fr.ShapeError) as caught:
        FUNCTIONS[name][0](fr.Tensor(3.0), dim)
    assert message(caught.value) == (
        f"{name} got dim={dim}, but the tensor is a scalar: dim must be 0 or -1."
    )


def test_functions_over_dims_take_scalars() -> None:
    x = fr.Tensor(3.0)
    assert fr.sum(x, (0,), keepdim=True).tolist() == fr.sum(x, ()).tolist() == 3.0
    with pytest.raises(fr.ShapeError) as caught:
        fr.sum(x, (0, -1))
    assert message(caught.value) == "sum got dims (0, -1), which name a dimension twice."


@pytest.mark.parametrize(
    "function",
    [
        lambda x: fr.concatenate([x, x], 0),
        lambda x: fr.split(x, 1, 0),
        lambda x: fr.permute(x, (0,)),
        lambda x: fr.dot_general(x, x, ((0,), (0,))),
    ],
)
def test_functions_that_need_a_dimension_refuse_scalars(function: Callable[[Any], Any]) -> None:
    with pytest.raises(fr.ShapeError):
        function(fr.Tensor(3.0))


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("shape", [(5, 0), (0, 5), (0, 0), (0,)])
def test_softmax_of_no_elements_has_none(name: str, shape: tuple[int, ...]) -> None:
    for dim in (0, -1, None):
        assert getattr(fr, name)(fr.zeros(shape), dim).numpy().shape == shape


def test_softmax_works_over_a_dynamic_dimension() -> None:
    rows = fr.InputInfo(((0, 2, 4), 3), fr.float32)
    over_rows = fr.compile(lambda x: fr.softmax(x, 0), args=[rows], target="cpu")
    for count in (0, 1, 3):
        x = np.arange(3 * count, dtype=np.float32).reshape(count, 3)
        result = over_rows(x).numpy()
        assert result.shape == (count, 3)
        np.testing.assert_allclose(result, fr.softmax(fr.Tensor(x), 0).numpy(), rtol=1e-6)


def test_ranges_may_be_empty() -> None:
    ranges = [fr.arange(0), fr.arange(1, 1), fr.arange(5, 5, -1), fr.arange(0, fr.uint8)]
    assert [x.shape for x in ranges] == [(0,)] * 4
    assert [x.tolist() for x in ranges] == [[]] * 4
    assert ranges[-1].dtype is fr.uint8
