# pyright: basic, reportMissingImports=false
"""The examples against Hugging Face's models: same configuration, same random weights.

Nothing is downloaded. Hugging Face computes in float64 with the float32 weights, so that only our
rounding differs.
"""

from __future__ import annotations

import copy
import runpy
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize
from transformers import (
    BertConfig,
    BertModel,
    CLIPConfig,
    CLIPModel,
    GPT2Config,
    GPT2LMHeadModel,
    ResNetConfig,
    ResNetForImageClassification,
)

import farrier as fr
from support.examples import (
    END,
    EXAMPLES,
    HEADS,
    INNER,
    LAYERS,
    POSITIONS,
    ROOT,
    VARIANTS,
    VOCABULARY,
    WIDTH,
    model_of,
)
from support.tolerances import assert_close

# About ten float32 layers: 2e-5 of the largest element.
SCALE = 10.0

# The network, a function that renames its weights, and its result for some inputs.
Twin = tuple[torch.nn.Module, Callable[[Any], Any], Callable[..., Any]]


def same(state_dict: Any) -> Any:
    return state_dict


def gpt2() -> Twin:
    config = GPT2Config(
        vocab_size=VOCABULARY,
        n_positions=POSITIONS,
        n_embd=WIDTH,
        n_layer=LAYERS,
        n_head=HEADS,
        bos_token_id=END,
        eos_token_id=END,
    )
    return (
        GPT2LMHeadModel(config),
        model_of("gpt2").from_hugging_face,
        lambda net, tokens: net(tokens).logits,
    )


def resnet() -> Twin:
    sizes: Any = {"embedding_size": 8, "hidden_sizes": [16, 32], "depths": [2, 1], "num_labels": 5}
    config = ResNetConfig(**sizes)
    return ResNetForImageClassification(config), same, lambda net, images: net(images).logits


def clip() -> Twin:
    shared = {
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "projection_dim": 24,
    }
    text = {
        "hidden_size": WIDTH,
        "vocab_size": VOCABULARY,
        "max_position_embeddings": POSITIONS,
        "bos_token_id": 0,
        "eos_token_id": END,
    }
    vision = {"hidden_size": 40, "image_size": 32, "patch_size": 8}
    config = CLIPConfig(text_config=shared | text, vision_config=shared | vision, projection_dim=24)
    return CLIPModel(config), same, lambda net, tokens, images: net(tokens, images).logits_per_text


def bert() -> Twin:
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=INNER,
        max_position_embeddings=POSITIONS,
    )

    def encode(net: Any, tokens: Any, mask: Any) -> Any:
        x = net(tokens, mask).last_hidden_state
        mean = torch.stack([row[chosen != 0].mean(0) for row, chosen in zip(x, mask, strict=True)])
        return normalize(mean)

    return BertModel(config), model_of("bert").from_hugging_face, encode


TWINS: dict[str, Callable[[], Twin]] = {
    "gpt2": gpt2,
    "resnet": resnet,
    "clip": clip,
    "bert": bert,
}


def randomize(net: torch.nn.Module) -> None:
    """Move all weights, so that no bias is 0 and no scale 1; variances stay positive."""
    with torch.no_grad():
        for name, tensor in net.state_dict().items():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 1.5)
            elif tensor.is_floating_point():
                tensor.add_(torch.randn_like(tensor), alpha=0.1)


def twins(name: str) -> tuple[Any, Callable[[Sequence[Any]], Any]]:
    """Return our network, and a function that computes the other's result in float64."""
    torch.manual_seed(0)
    theirs, renamed, call = TWINS[name]()
    randomize(theirs)
    ours = EXAMPLES[name].make()
    assert ours.load_state_dict(renamed(theirs.state_dict())) == (set(), set())
    reference = copy.deepcopy(theirs).double().eval()

    def expected(inputs: Sequence[Any]) -> Any:
        tensors = [torch.from_numpy(array) for array in inputs]
        wide = [x.double() if x.is_floating_point() else x.long() for x in tensors]
        with torch.no_grad():
            return call(reference, *wide).numpy()

    return ours, expected


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_eager(name: str, variant: str) -> None:
    ours, expected = twins(name)
    for seed, sizes in enumerate(VARIANTS[variant][1]):
        inputs = EXAMPLES[name].sample(sizes, seed)
        result = ours(*map(fr.Tensor, inputs)).numpy()
        assert_close(result, expected(inputs), SCALE)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_compiled(name: str, variant: str) -> None:
    ours, expected = twins(name)
    compiled_for, called_with = VARIANTS[variant]
    compiled = fr.compile(ours, args=EXAMPLES[name].infos(compiled_for), target="cpu")
    for seed, sizes in enumerate(called_with):
        inputs = EXAMPLES[name].sample(sizes, seed)
        assert_close(compiled(*inputs).numpy(), expected(inputs), SCALE)


def test_gpt2_generates_the_same_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    theirs, renamed, _ = gpt2()
    with torch.no_grad():  # otherwise the same token would follow every other one
        theirs.state_dict()["transformer.wpe.weight"].normal_(std=3)
    ours = EXAMPLES["gpt2"].make()
    ours.load_state_dict(renamed(theirs.state_dict()))
    length = fr.NamedDimension("length", 1, 8, POSITIONS)
    compiled = fr.compile(ours, args=[fr.InputInfo((1, length), fr.int32)], target="cpu")
    monkeypatch.setitem(sys.modules, "model", model_of("gpt2"))
    script = runpy.run_path(str(ROOT / "gpt2" / "generate.py"))
    greedy = script["Sampler"](temperature=0, seed=0)
    generated = list(script["generate"](compiled, [7, 3], POSITIONS - 2, greedy))
    options: Any = {"do_sample": False, "eos_token_id": None, "pad_token_id": END}
    network: Any = theirs.eval()
    expected = network.generate(torch.tensor([[7, 3]]), max_length=POSITIONS, **options)
    assert generated == expected[0, 2:].tolist()
    assert len(set(generated)) > 2


@pytest.mark.parametrize("name", EXAMPLES)
def test_result_depends_on_every_weight(name: str) -> None:
    """The comparisons above would detect a weight in the wrong parameter."""
    ours, _ = twins(name)
    inputs = [fr.Tensor(array) for array in EXAMPLES[name].sample(VARIANTS["static"][1][0])]
    before = ours(*inputs).numpy()
    state = ours.state_dict()
    for key, weight in state.items():
        noise = np.random.default_rng(0).uniform(0.5, 1, weight.shape).astype(np.float32)
        ours.load_state_dict({key: weight + fr.Tensor(noise)}, strict=False)
        difference = np.abs(ours(*inputs).numpy() - before).max()
        # A key's bias moves all scores of a position alike, which softmax cancels.
        if not key.endswith(("key.bias", "k_proj.bias")):
            assert difference > 100 * SCALE * 2e-6 * np.abs(before).max(), key
        ours.load_state_dict({key: weight}, strict=False)
