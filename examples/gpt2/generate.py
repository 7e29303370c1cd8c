r"""Sample token ids from GPT-2, compiled once for all lengths and called once per token.

    python examples/gpt2/generate.py                              # small network, random weights
    python examples/gpt2/generate.py --model gpt2 --weights model.safetensors \
        --prompt 15496,11,314,716 --tokens 20 --temperature 0.8   # "Hello, I am", by its tokenizer

Prompt and output are token ids, so that no tokenizer is needed. `model.safetensors` is the file of
Hugging Face's gpt2, gpt2-medium, gpt2-large or gpt2-xl.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from model import GPT2, GPT2Config, from_hugging_face

import farrier as fr

MODELS = {
    "tiny": GPT2Config(vocab_size=1000, n_positions=128, n_embd=64, n_layer=2, n_head=4),
    "gpt2": GPT2Config(),
    "gpt2-medium": GPT2Config(n_embd=1024, n_layer=24, n_head=16),
    "gpt2-large": GPT2Config(n_embd=1280, n_layer=36, n_head=20),
    "gpt2-xl": GPT2Config(n_embd=1600, n_layer=48, n_head=25),
}


def build(model: str, weights: Path | None, seed: int) -> GPT2:
    """Return a network with the weights of a file, or with random ones."""
    net = GPT2(MODELS[model])
    if weights:
        net.load_state_dict(from_hugging_face(fr.weights.load(weights)))
    else:
        net.reset_parameters(seed)
    return net


class Sampler:
    """Picks a token by its logits; with temperature 0, always the likeliest."""

    def __init__(self, temperature: float, seed: int):
        """Seed the generator, so that draws are repeatable."""
        self.temperature = temperature
        self.random = np.random.default_rng(seed)

    def pick(self, logits: npt.NDArray[np.float32]) -> int:
        """Return one token, drawn from softmax(logits / temperature)."""
        if self.temperature == 0:
            return int(np.argmax(logits))
        # The argmax of logits with Gumbel noise is distributed by their softmax.
        return int(np.argmax(logits / self.temperature + self.random.gumbel(size=logits.shape)))


def generate(
    logits_of: Callable[[fr.Tensor], fr.Tensor], prompt: list[int], count: int, sampler: Sampler
) -> Iterator[int]:
    """Yield `count` tokens that continue the prompt.

    Each call of the network sees all tokens so far, one more than the call before.
    """
    tokens = list(prompt)
    for _ in range(count):
        logits = logits_of(fr.Tensor([tokens]))
        tokens.append(sampler.pick(logits.numpy()[0, -1]))
        yield tokens[-1]


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", choices=MODELS, default="tiny", help="which sizes")
    parser.add_argument("--weights", type=Path, help="a .safetensors file; by default random")
    parser.add_argument("--prompt", default="1,2,3", help="token ids, separated by commas")
    parser.add_argument("--tokens", type=int, default=20, help="how many to generate")
    parser.add_argument("--temperature", type=float, default=0.8, help="0 takes the likeliest")
    parser.add_argument("--seed", type=int, default=0, help="of random weights and of sampling")
    parser.add_argument("--eager", action="store_true", help="compute with numpy, do not compile")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the ids of the tokens as they are generated."""
    options = parsed(arguments)
    prompt = [int(word) for word in options.prompt.split(",")]
    net = build(options.model, options.weights, options.seed)
    logits_of: Callable[[fr.Tensor], fr.Tensor] = net
    if not options.eager:
        longest = MODELS[options.model].n_positions
        length = fr.NamedDimension("length", 1, min(len(prompt) + options.tokens, longest), longest)
        logits_of = fr.compile(net, args=[fr.InputInfo((1, length), fr.int32)], target="cpu")
    sampler = Sampler(options.temperature, options.seed)
    for token in generate(logits_of, prompt, options.tokens, sampler):
        print(token, end=" ", flush=True)
    print()


if __name__ == "__main__":
    main()
