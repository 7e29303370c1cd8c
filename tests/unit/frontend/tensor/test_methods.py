"""Tensor methods, which are the functions of the same names."""

from __future__ import annotations

import inspect

import pytest

import farrier as fr
from farrier.tensor.methods import Methods

NAMES = [name for name in vars(Methods) if not name.startswith("_")]
X = fr.Tensor([[1.0, -2.0], [3.0, 4.0]])


@pytest.mark.parametrize("name", NAMES)
def test_method_has_the_parameters_of_its_function(name: str) -> None:
    def shape(function: object) -> list[tuple[str, object, object]]:
        assert callable(function)
        parameters = list(inspect.signature(function).parameters.values())[1:]
        return [(p.name, p.default, p.kind) for p in parameters]

    assert shape(getattr(Methods, name)) == shape(getattr(fr, name))


def test_methods_compute() -> None:
    assert X.relu().tolist() == [[1, 0], [3, 4]]
    assert X.sum(dim=0).tolist() == [4, 2]
    assert X.mean(1, keepdim=True).tolist() == [[-0.5], [3.5]]
    assert fr.equal(X.softmax(1), fr.softmax(X, 1))
    assert X.clamp(min=0, max=3).max().item() == 3
    assert [part.tolist() for part in X.topk(1, dim=1)] == [[[1], [4]], [[0], [1]]]
    assert X.exp().log().allclose(X)
    assert X.resize(scales=(1, 2)).shape == (2, 4)
