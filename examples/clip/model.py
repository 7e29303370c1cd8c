r"""CLIP, which scores how well texts describe images, with a transformer for each.

Names are those of Hugging Face's CLIPModel, whose weights load unchanged. To compile it and
compare random texts with random images:

    farrier compile examples/clip/model.py:CLIP --seed 0 \
        --input 2x77xi32 --input 4x3x224x224xf32 --target cpu -o clip.vmfb
    farrier run clip.vmfb --input tokens=random --input images=random

A. Radford et al., 2021: Learning Transferable Visual Models From Natural Language Supervision.
"""

import math
from dataclasses import dataclass

import farrier as fr


@dataclass(frozen=True)
class TextConfig:
    """The sizes of the text tower, with Hugging Face's names; by default those of ViT-B/32."""

    hidden_size: int = 512
    intermediate_size: int = 2048
    num_hidden_layers: int = 12
    num_attention_heads: int = 8
    vocab_size: int = 49408
    max_position_embeddings: int = 77
    eos_token_id: int = 49407


@dataclass(frozen=True)
class VisionConfig:
    """The sizes of the image tower; by default those of ViT-B/32."""

    hidden_size: int = 768
    intermediate_size: int = 3072
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    num_channels: int = 3
    image_size: int = 224
    patch_size: int = 32


@dataclass(frozen=True)
class CLIPConfig:
    """The sizes of both towers, and of the vectors that are compared."""

    text_config: TextConfig = TextConfig()
    vision_config: VisionConfig = VisionConfig()
    projection_dim: int = 512


class Attention(fr.Module):
    """Multi-head self-attention: softmax(Q K^T / sqrt(size of a head)) V."""

    def __init__(self, config: TextConfig | VisionConfig, causal: bool):
        super().__init__()
        width, self.causal = config.hidden_size, causal
        self.heads = config.num_attention_heads
        self.head_size = width // self.heads
        maps = [fr.Linear(width, width) for _ in range(4)]
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = maps

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        """Mix x, (B, T, C); a position does not see later ones if the attention is causal."""
        q, k, v = (self.split_heads(f(x)) for f in (self.q_proj, self.k_proj, self.v_proj))
        scores = q @ fr.transpose(k, -2, -1) / math.sqrt(self.head_size)  # (B, heads, T, T)
        if self.causal:
            positions = fr.arange(x.shape[1], dtype=fr.int32)
            scores = scores + fr.where(fr.unsqueeze(positions, 1) >= positions, 0.0, -math.inf)
        mixed = fr.transpose(fr.softmax(scores, dim=-1) @ v, 1, 2)  # (B, T, heads, head_size)
        return self.out_proj(fr.reshape(mixed, x.shape))

    def split_heads(self, x: fr.Tensor) -> fr.Tensor:
        """Return x, (B, T, C), as (B, heads, T, head_size)."""
        heads = fr.reshape(x, (x.shape[0], x.shape[1], self.heads, self.head_size))
        return fr.transpose(heads, 1, 2)


class Layer(fr.Module):
    """Attention and two linear layers, each half normalised before and added to its input."""

    def __init__(self, config: TextConfig | VisionConfig, causal: bool):
        super().__init__()
        width, inner = config.hidden_size, config.intermediate_size
        self.self_attn = Attention(config, causal)
        self.layer_norm1 = fr.LayerNorm(width)
        self.mlp = fr.Sequential(
            {"fc1": fr.Linear(width, inner), "act": quick_gelu, "fc2": fr.Linear(inner, width)}
        )
        self.layer_norm2 = fr.LayerNorm(width)

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        """Return a tensor of the shape of x, (B, T, C)."""
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.mlp(self.layer_norm2(x))


class TextTower(fr.Module):
    """Token ids, (B, T), with an end token in each row -> a vector for each text, (B, C)."""

    def __init__(self, config: TextConfig):
        super().__init__()
        self.end = config.eos_token_id
        self.embeddings = {
            "token_embedding": fr.Embedding(config.vocab_size, config.hidden_size),
            "position_embedding": fr.Embedding(config.max_position_embeddings, config.hidden_size),
        }
        self.encoder = encoder(config, causal=True)
        self.final_layer_norm = fr.LayerNorm(config.hidden_size)

    def forward(self, tokens: fr.Tensor) -> fr.Tensor:
        """Return the vectors at the first end token, which has seen the whole text."""
        positions = fr.arange(tokens.shape[1], dtype=fr.int32)
        x = self.embeddings["token_embedding"](tokens)
        x = self.encoder(x + self.embeddings["position_embedding"](positions))
        end = fr.argmax(fr.cast(tokens == self.end, fr.int32), dim=1, keepdim=True)
        at_end = fr.unsqueeze(positions == end, -1)  # (B, T, 1)
        return self.final_layer_norm(fr.sum(fr.where(at_end, x, 0.0), dim=1))


class ImageEmbeddings(fr.Module):
    """Images -> vectors, (B, 1 + patches, C): the class token's, and one for each patch."""

    def __init__(self, config: VisionConfig):
        super().__init__()
        channels, width = config.num_channels, config.hidden_size
        patch = (config.patch_size, config.patch_size)
        patches = (config.image_size // config.patch_size) ** 2
        self.class_embedding = fr.zeros((width,))
        self.patch_embedding = fr.Conv(channels, width, patch, stride=patch, bias=False)
        self.position_embedding = fr.Embedding(1 + patches, width)

    def forward(self, images: fr.Tensor) -> fr.Tensor:
        """Return the vectors, with those of their positions added."""
        patches = fr.flatten(self.patch_embedding(images), start_dim=2)  # (B, C, patches)
        first = fr.expand(self.class_embedding, (images.shape[0], 1, -1))
        x = fr.concatenate([first, fr.transpose(patches, 1, 2)], dim=1)
        return x + self.position_embedding.weight


class ImageTower(fr.Module):
    """Images, (B, num_channels, image_size, image_size) -> a vector for each image, (B, C)."""

    def __init__(self, config: VisionConfig):
        super().__init__()
        self.embeddings = ImageEmbeddings(config)
        self.pre_layrnorm = fr.LayerNorm(config.hidden_size)
        self.encoder = encoder(config, causal=False)
        self.post_layernorm = fr.LayerNorm(config.hidden_size)

    def forward(self, images: fr.Tensor) -> fr.Tensor:
        """Return the vectors at the class token, which has seen all patches."""
        x = self.encoder(self.pre_layrnorm(self.embeddings(images)))
        return self.post_layernorm(x[:, 0])


class CLIP(fr.Module):
    """Texts, (N, T), and images, (M, 3, S, S) -> logits of how well they match, (N, M)."""

    def __init__(self, config: CLIPConfig | None = None):
        super().__init__()
        config = config or CLIPConfig()
        text, vision = config.text_config, config.vision_config
        self.logit_scale = fr.Tensor(math.log(1 / 0.07))  # the paper's initial value
        self.text_model = TextTower(text)
        self.vision_model = ImageTower(vision)
        self.text_projection = fr.Linear(text.hidden_size, config.projection_dim, bias=False)
        self.visual_projection = fr.Linear(vision.hidden_size, config.projection_dim, bias=False)

    def forward(self, tokens: fr.Tensor, images: fr.Tensor) -> fr.Tensor:
        """Return the scaled cosines of the angles between the texts' and the images' vectors."""
        cosines = self.encode_text(tokens) @ fr.transpose(self.encode_image(images), 0, 1)
        return fr.exp(self.logit_scale) * cosines

    def encode_text(self, tokens: fr.Tensor) -> fr.Tensor:
        """Return a vector of length 1 for each text, (N, projection_dim)."""
        return normalized(self.text_projection(self.text_model(tokens)))

    def encode_image(self, images: fr.Tensor) -> fr.Tensor:
        """Return a vector of length 1 for each image, (M, projection_dim)."""
        return normalized(self.visual_projection(self.vision_model(images)))


def encoder(config: TextConfig | VisionConfig, causal: bool) -> fr.Sequential:
    """Return the layers of a tower."""
    layers = [Layer(config, causal) for _ in range(config.num_hidden_layers)]
    return fr.Sequential({"layers": fr.Sequential(*layers)})


def quick_gelu(x: fr.Tensor) -> fr.Tensor:
    """Return x * sigmoid(1.702 x), CLIP's approximation of gelu."""
    return x * fr.sigmoid(1.702 * x)


def normalized(x: fr.Tensor) -> fr.Tensor:
    """Return the vectors x, (B, C), each divided by its Euclidean length."""
    return x * fr.rsqrt(fr.sum(x * x, dim=-1, keepdim=True))
