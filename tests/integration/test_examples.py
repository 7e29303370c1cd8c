"""The examples, at tiny sizes with random weights: eager, compiled, and their commands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import farrier as fr
from support.examples import EXAMPLES, ROOT, VARIANTS, model_of
from support.tolerances import assert_close


@pytest.mark.parametrize("name", EXAMPLES)
def test_compiled_is_eager(name: str) -> None:
    """With dynamic sizes; the oracles compile all variants."""
    example = EXAMPLES[name]
    net = example.make()
    net.reset_parameters(seed=0)
    compiled_for, called_with = VARIANTS["dynamic"]
    compiled = fr.compile(net, args=example.infos(compiled_for), target="cpu")
    for seed, sizes in enumerate(called_with):
        inputs = [fr.Tensor(array) for array in example.sample(sizes, seed)]
        # Some ten float32 layers, each of which rounds its sums.
        assert_close(compiled(*inputs).numpy(), net(*inputs).numpy(), scale=10)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_parameter_is_in_the_state_dict(name: str) -> None:
    net = EXAMPLES[name].make()
    assert len(net.state_dict()) == EXAMPLES[name].parameters


def test_gpt2_does_not_look_ahead() -> None:
    net = EXAMPLES["gpt2"].make()
    net.reset_parameters(seed=0)
    short, long = [[1, 2, 3]], [[1, 2, 3, 0, 0]]
    result = net(fr.Tensor(long)).numpy()[:, :3]
    assert_close(result, net(fr.Tensor(short)).numpy(), scale=10)
    assert np.abs(result[0, 0] - result[0, 2]).max() > 0.01


def test_bert_ignores_padding() -> None:
    net = EXAMPLES["bert"].make()
    net.reset_parameters(seed=0)
    short = net(fr.Tensor([[1, 2, 3]]), fr.Tensor([[1, 1, 1]])).numpy()
    padded = net(fr.Tensor([[1, 2, 3, 7, 8]]), fr.Tensor([[1, 1, 1, 0, 0]])).numpy()
    assert_close(padded, short, scale=10)
    assert float(np.linalg.norm(short)) == pytest.approx(1, abs=1e-6)


def test_hugging_faces_names_are_translated() -> None:
    """The two models whose names or layouts differ; the others' are the same."""
    gpt2, bert = model_of("gpt2"), model_of("bert")
    matrix = np.zeros((2, 3))
    renamed = gpt2.from_hugging_face(
        {
            "transformer.h.0.attn.c_attn.weight": matrix,
            "h.0.attn.c_attn.bias": matrix[0],
            "h.0.attn.bias": matrix,
            "lm_head.weight": matrix,
        }
    )
    shapes = {name: value.shape for name, value in renamed.items()}
    assert shapes == {"h.0.attn.c_attn.weight": (3, 2), "h.0.attn.c_attn.bias": (3,)}
    names = ["bert.encoder.layer.0.output.dense.bias", "pooler.dense.bias"]
    renamed = bert.from_hugging_face(dict.fromkeys(names, matrix))
    assert list(renamed) == ["encoder.layer.0.output.dense.bias"]


def generated(*options: str) -> list[int]:
    """Run generate.py and return the tokens that it prints."""
    command = [sys.executable, "-W", "error", ROOT / "gpt2" / "generate.py", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert done.stderr == ""
    return [int(word) for word in done.stdout.split()]


def test_eager_generates_the_same_tokens() -> None:
    result = generated("--tokens", "4")
    assert len(result) == 4
    assert generated("--tokens", "4", "--eager") == result


def test_generation_with_given_weights_is_greedy(tmp_path: Path) -> None:
    model = model_of("gpt2")
    net = model.GPT2(model.GPT2Config(1000, 128, 64, n_layer=2, n_head=4))
    net.reset_parameters(seed=7)
    layouts = {  # as Hugging Face stores them
        name: value.numpy().T if ".c_" in name and name.endswith("weight") else value.numpy()
        for name, value in net.state_dict().items()
    }
    file = tmp_path / "model.npz"
    np.savez(file, allow_pickle=False, **layouts)
    tokens = [5, 6]
    for _ in range(3):
        tokens.append(int(np.argmax(net(fr.Tensor([tokens])).numpy()[0, -1])))
    options = ["--tokens", "3", "--prompt", "5,6", "--temperature", "0", "--eager"]
    assert generated(*options, "--weights", str(file)) == tokens[2:]
