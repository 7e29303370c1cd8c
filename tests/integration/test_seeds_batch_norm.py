"""Every example of the BatchNorm document, whose tensors were printed after a dummy fill.

The Conv document repeats the examples of loading, children and parameters word by word.
"""

from __future__ import annotations

import pytest

import farrier as fr
from support.documents import assert_same_state, assert_same_tensor


class MyModule(fr.Module):
    def __init__(self) -> None:
        super().__init__()
        self.param = fr.ones((2,), dtype=fr.float32)
        self.linear1 = fr.Linear(2, 2)
        self.linear2 = fr.Linear(2, 2)


def test_batch_norm() -> None:
    batch_norm = fr.BatchNorm(2)
    batch_norm.initialize_dummy_parameters()

    input = fr.iota((1, 2, 1, 1))
    output = batch_norm(input)

    assert str(batch_norm) == (
        "BatchNorm(\n"
        "    weight: Parameter = (shape=(2,), dtype=float32),\n"
        "    bias: Parameter = (shape=(2,), dtype=float32),\n"
        "    running_mean: Parameter = (shape=(2,), dtype=float32),\n"
        "    running_var: Parameter = (shape=(2,), dtype=float32),\n"
        ")"
    )
    assert_same_state(
        batch_norm.state_dict(),
        """{
    weight: tensor([0.0000, 1.0000], dtype=float32, loc=cpu:0, shape=(2,)),
    bias: tensor([0.0000, 1.0000], dtype=float32, loc=cpu:0, shape=(2,)),
    running_mean: tensor([0.0000, 1.0000], dtype=float32, loc=cpu:0, shape=(2,)),
    running_var: tensor([0.0000, 1.0000], dtype=float32, loc=cpu:0, shape=(2,)),
}""",
    )
    printed = """tensor(
    [[[[0.0000]],

      [[0.0000]]]],
    dtype=float32, loc=cpu:0, shape=(1, 2, 1, 1))"""
    assert_same_tensor(input, printed)
    assert_same_tensor(output, printed)


def test_state_dict() -> None:
    module = MyModule()
    module.initialize_dummy_parameters()

    state_dict = module.state_dict()

    assert_same_state(
        state_dict,
        """{
    param: tensor([1.0000, 1.0000], dtype=float32, loc=cpu:0, shape=(2,)),
    linear1.weight: tensor(
        [[0.0000, 1.0000],
         [2.0000, 3.0000]],
        dtype=float32, loc=cpu:0, shape=(2, 2)),
    linear1.bias: tensor([0.0000, 1.0000], dtype=float32, loc=cpu:0, shape=(2,)),
    linear2.weight: tensor(
        [[0.0000, 1.0000],
         [2.0000, 3.0000]],
        dtype=float32, loc=cpu:0, shape=(2, 2)),
    linear2.bias: tensor([0.0000, 1.0000], dtype=float32, loc=cpu:0, shape=(2,)),
}""",
    )


def test_load_state_dict(capsys: pytest.CaptureFixture[str]) -> None:
    module = MyModule()
    state_dict = module.state_dict()

    # Using the `module` and `state_dict` from the `state_dict()` example:
    print(f"Before: {module.param}")

    state_dict["param"] = fr.zeros((2,), dtype=fr.float32)
    module.load_state_dict(state_dict)

    print(f"After: {module.param}")
    before, after = capsys.readouterr().out.splitlines()
    assert before == "Before: tensor([1, 1], dtype=float32, loc=cpu:0, shape=(2,))"
    assert after == "After: tensor([0, 0], dtype=float32, loc=cpu:0, shape=(2,))"
    assert module.param is state_dict["param"]
