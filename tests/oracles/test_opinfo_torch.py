"""Samples of torch's OpInfo against torch, eagerly, and some of them compiled; two minutes."""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

import random
import warnings
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

import farrier as fr
from farrier_runtime.dtypes import BY_NUMPY
from support.dynamic import together
from support.messages import message
from support.opinfo import ADAPTERS, REFUSED, WITHOUT_SAMPLES, op_db, run_sample
from support.opinfo_windows import Unsupported
from support.tolerances import assert_close

DTYPES = (torch.float32, torch.float64, torch.bfloat16, torch.int32, torch.bool)
SAMPLES = 24
"""As many are drawn for each op and data type."""
COMPILED = 60


def _infos() -> Iterator[tuple[str, Any]]:
    for info in op_db():
        if not info.name.startswith(("masked.", "linalg.", "special.", "fft.", "sparse.")):
            name = info.name.rpartition(".")[2]
            if name in ADAPTERS:
                yield name, info


INFOS = [
    pytest.param(name, info, dtype, id=f"{name}-{info.variant_test_name}-{str(dtype)[6:]}")
    for name, info in _infos()
    for dtype in DTYPES
    if dtype in info.dtypes
]


def _samples(info: Any, dtype: torch.dtype) -> list[Any]:
    """Return samples, drawn where there are many."""
    torch.manual_seed(0)
    samples = list(info.sample_inputs("cpu", dtype))
    draw = random.Random(zlib.crc32(f"{info.name}{dtype}".encode()))
    return samples if len(samples) <= SAMPLES else draw.sample(samples, SAMPLES)


def _mapped(function: Callable[[torch.Tensor], Any], tree: Any) -> Any:
    """Return nested arguments with a function applied to each tensor."""
    if isinstance(tree, torch.Tensor):
        return function(tree)
    if isinstance(tree, torch.dtype | torch.device):
        return tree
    if isinstance(tree, list | tuple):
        return type(tree)([_mapped(function, part) for part in tree])
    if isinstance(tree, dict):
        return {key: _mapped(function, part) for key, part in tree.items()}
    return tree


def _wide(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.double() if tensor.is_floating_point() else tensor


def _parts(result: Any) -> list[Any]:
    return list(result) if isinstance(result, list | tuple) else [result]


def _reference(info: Any, arguments: Any) -> list[np.ndarray[Any, Any]] | None:
    """Return torch's results as arrays, or None where it refuses."""
    sample, args, kwargs = arguments
    if info.name in ("sort", "argsort"):
        kwargs = {**kwargs, "stable": True}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = info.op(sample, *args, **kwargs)
    except (RuntimeError, IndexError, TypeError, ValueError):
        return None
    parts = _parts(result)[:1] if info.name == "topk" else _parts(result)
    return [_wide(torch.as_tensor(part).detach().to_dense()).numpy() for part in parts]


def _results(name: str, arguments: Any) -> list[np.ndarray[Any, Any]] | fr.FarrierError | None:
    """Return Farrier's results as arrays, its refusal, or None where it lacks an argument."""
    try:
        sample, args, kwargs = _mapped(lambda tensor: fr.Tensor(tensor.detach()), arguments)
        return [np.asarray(part) for part in _parts(run_sample(name, (sample, *args), kwargs))]
    except Unsupported:
        return None
    except fr.FarrierError as error:
        return error


def _check(name: str, info: Any, arguments: Any) -> Any:
    """Compare one sample, unless Farrier lacks or refuses it for a stated reason."""
    expected = _reference(info, _mapped(_wide, arguments))
    arrays = _results(name, arguments)
    if isinstance(arrays, fr.FarrierError):
        assert expected is None or any(part in str(arrays) for part in REFUSED), arrays
    if expected is None or not isinstance(arrays, list):
        return None
    label = f"{name} of {_described(arguments)}"
    try:
        _compare(arrays, expected, label)
    except AssertionError:  # in float64, torch rounds elsewhere, and numbers do not underflow
        _compare(arrays, _reference(info, arguments) or [], label)
    return arrays


def _compare(arrays: list[Any], expected: list[Any], label: str) -> None:
    for array, reference in zip(arrays, expected, strict=True):
        dtype = BY_NUMPY[array.dtype]
        assert dtype.is_floating is (reference.dtype.kind == "f"), label
        assert dtype is fr.bool or reference.dtype != np.bool_, label
        assert_close(array, reference, 4.0, label)


def _described(arguments: Any) -> str:
    return str(_mapped(lambda tensor: f"{tensor.dtype}{tuple(tensor.shape)}", arguments))[:200]


def _leaves(tree: Any) -> list[torch.Tensor]:
    tensors: list[torch.Tensor] = []
    _mapped(tensors.append, tree)
    return tensors


def _drawn() -> list[tuple[str, Any, Any]]:
    """Return samples of any op and data type that Farrier takes, drawn by a seed."""
    draw = random.Random(0)
    taken: list[tuple[str, Any, Any]] = []
    while len(taken) < COMPILED:
        values: Any = draw.choice(INFOS).values
        name, info, dtype = values
        if name in ("allclose", "equal"):  # they evaluate their operands
            continue
        sample = draw.choice(_samples(info, dtype))
        arguments = sample.input, list(sample.args), dict(sample.kwargs)
        arrays = _check(name, info, arguments)
        if arrays is not None and _leaves(arguments) and all(array.size for array in arrays):
            taken.append((name, arguments, arrays))
    return taken


def _function(name: str, arguments: Any) -> Callable[..., Any]:
    def call(*tensors: fr.Tensor) -> Any:
        rest = iter(tensors)
        sample, args, kwargs = _mapped(lambda _: next(rest), arguments)
        result = run_sample(name, (sample, *args), kwargs)
        return tuple(result) if isinstance(result, list | tuple) else result

    return call


def test_drawn_samples_compile() -> None:
    drawn = _drawn()
    functions: dict[str, Any] = {}
    for index, (name, arguments, _) in enumerate(drawn):
        infos = [fr.InputInfo(x.shape, x.dtype) for x in _leaves(arguments)]
        functions[f"sample{index}"] = _function(name, arguments), infos
    loaded = together(functions)
    for index, (name, arguments, arrays) in enumerate(drawn):
        inputs = [fr.Tensor(tensor.detach()).numpy() for tensor in _leaves(arguments)]
        results = [np.asarray(part) for part in _parts(loaded[f"sample{index}"](*inputs))]
        for result, array in zip(results, arrays, strict=True):
            assert_close(result, array, 4.0, f"{name} of {_described(arguments)}, compiled")


@pytest.mark.parametrize(("name", "info", "dtype"), INFOS)
def test_samples_equal_torchs(name: str, info: Any, dtype: torch.dtype) -> None:
    for sample in _samples(info, dtype):
        _check(name, info, (sample.input, list(sample.args), dict(sample.kwargs)))


def test_torch_tensors_that_are_not_plain_are_taken_or_refused() -> None:
    x = torch.eye(2)
    for other, words in (
        (x.to_sparse(), "tensor of torch.sparse_coo"),
        (x.to_sparse().to(torch.bfloat16), "tensor of torch.sparse_coo"),
        (x.to("meta"), "meta tensor"),
    ):
        with pytest.raises(fr.ArgumentError) as caught:
            fr.Tensor(other)
        assert message(caught.value) == (
            f"A {words} cannot become a tensor, which is dense. Pass x.to_dense(), or elements."
        )
    negated = torch.tensor([1 + 2j]).conj().imag
    assert fr.Tensor(negated).tolist() == [-2.0]


@pytest.mark.parametrize("dtype", [*DTYPES, torch.float16, torch.int64, torch.uint8])
def test_data_types_of_torch_are_taken_or_refused(dtype: torch.dtype) -> None:
    name = str(dtype).removeprefix("torch.")
    assert fr.zeros(2, dtype).dtype is fr.InputInfo((2,), dtype).dtype is getattr(fr, name)
    assert fr.zeros(2, torch.float8_e4m3fn).dtype is fr.float8
    with pytest.raises(fr.ArgumentError, match=r"not torch\.complex64"):
        fr.zeros(2, torch.complex64)


def test_every_function_of_torch_is_compared() -> None:
    functions = [name for name in dir(fr) if name[0].islower() and callable(getattr(fr, name))]
    shared = {
        name
        for name in functions
        if (hasattr(torch, name) or hasattr(torch.nn.functional, name))
        and not isinstance(getattr(fr, name), fr.dtype)
    }
    sampled = {param.values[0] for param in INFOS}
    assert shared - sampled == WITHOUT_SAMPLES.keys()
    assert ADAPTERS.keys() == sampled
