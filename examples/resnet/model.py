r"""ResNet-50, version 1.5, from images to the logits of 1000 classes.

Names are those of Hugging Face's ResNetForImageClassification, whose weights load unchanged. To
compile it and run it on a random image:

    farrier compile examples/resnet/model.py:ResNetForImageClassification --seed 0 \
        --input 1x3x224x224xf32 --target cpu -o resnet50.vmfb
    farrier run resnet50.vmfb --input random

K. He et al., 2015: Deep Residual Learning for Image Recognition. In version 1.5 the stride is in
the 3x3 convolution of a block, not in the 1x1 convolution before it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import farrier as fr


@dataclass(frozen=True)
class ResNetConfig:
    """The sizes of the network, with Hugging Face's names; by default those of ResNet-50."""

    num_channels: int = 3
    embedding_size: int = 64
    hidden_sizes: Sequence[int] = (256, 512, 1024, 2048)
    depths: Sequence[int] = (3, 4, 6, 3)
    num_labels: int = 1000


class ConvLayer(fr.Module):
    """A convolution that keeps the size at stride 1, batch normalisation and an activation."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        stride: int = 1,
        activation: Callable[[fr.Tensor], fr.Tensor] | None = fr.relu,
    ):
        super().__init__()
        border = kernel // 2
        self.convolution = fr.Conv(
            in_channels,
            out_channels,
            (kernel, kernel),
            padding=((border, border), (border, border)),
            stride=(stride, stride),
            bias=False,  # the normalisation adds one
        )
        self.normalization = fr.BatchNorm(out_channels)
        self.activation = activation

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        """Return (N, out_channels, H / stride, W / stride) for x, (N, in_channels, H, W)."""
        x = self.normalization(self.convolution(x))
        return self.activation(x) if self.activation else x


class Bottleneck(fr.Module):
    """Three convolutions, the middle one with a quarter of the channels, added to their input."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1):
        """Create the layers; the input is projected if its shape differs from the output's."""
        super().__init__()
        width = out_channels // 4
        self.shortcut = None
        if in_channels != out_channels or stride != 1:
            self.shortcut = ConvLayer(in_channels, out_channels, 1, stride, activation=None)
        self.layer = fr.Sequential(
            ConvLayer(in_channels, width, 1),
            ConvLayer(width, width, 3, stride),
            ConvLayer(width, out_channels, 1, activation=None),
        )

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        """Return (N, out_channels, H / stride, W / stride) for x, (N, in_channels, H, W)."""
        return fr.relu(self.layer(x) + (self.shortcut(x) if self.shortcut else x))


class Stage(fr.Module):
    """Several blocks, the first of which changes the size."""

    def __init__(self, in_channels: int, out_channels: int, depth: int, stride: int):
        super().__init__()
        others = [Bottleneck(out_channels, out_channels) for _ in range(depth - 1)]
        self.layers = fr.Sequential(Bottleneck(in_channels, out_channels, stride), *others)

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        """Return (N, out_channels, H / stride, W / stride) for x, (N, in_channels, H, W)."""
        return self.layers(x)


class ResNet(fr.Module):
    """Images, (N, 3, H, W) -> features, (N, 2048, H / 32, W / 32)."""

    def __init__(self, config: ResNetConfig):
        super().__init__()
        stem = ConvLayer(config.num_channels, config.embedding_size, 7, stride=2)
        inputs = (config.embedding_size, *config.hidden_sizes)
        strides = (1, *(2 for _ in config.depths))  # the stem's pooling already halves the size
        stages = map(Stage, inputs, config.hidden_sizes, config.depths, strides)
        self.embedder = fr.Sequential({"embedder": stem, "pooler": halved})
        self.encoder = fr.Sequential({"stages": fr.Sequential(*stages)})

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        """Return the features."""
        return self.encoder(self.embedder(x))


class ResNetForImageClassification(fr.Module):
    """Images, (N, 3, H, W), normalised as ImageNet's -> logits, (N, num_labels)."""

    def __init__(self, config: ResNetConfig | None = None):
        super().__init__()
        config = config or ResNetConfig()
        self.resnet = ResNet(config)
        head = fr.Linear(config.hidden_sizes[-1], config.num_labels)
        self.classifier = fr.Sequential(spatial_mean, head)

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        """Return one score per class; the largest is the network's answer."""
        return self.classifier(self.resnet(x))


def halved(x: fr.Tensor) -> fr.Tensor:
    """Return the maxima of overlapping windows, (N, C, H / 2, W / 2)."""
    return fr.maxpool(x, (3, 3), stride=(2, 2), padding=((1, 1), (1, 1)))


def spatial_mean(x: fr.Tensor) -> fr.Tensor:
    """Return the mean of each channel, (N, C)."""
    return fr.mean(x, dim=(2, 3))
