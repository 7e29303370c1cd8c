"""ResNet-50 on CPU: Farrier against torch eager, interleaved in one run.

    python benchmarks/resnet50.py [--threads 1,2] [--rounds 30] [--batch 1]

Needs torch as well as farrier. Each thread count runs in its own process. The output is the median
time of one call for each, the quartiles of the pairwise ratio, and the largest difference of the
results.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median, quantiles
from typing import Any

import numpy as np
import torch
from torch import nn

import farrier as fr
import farrier_runtime

BLOCKS = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))


class Bottleneck(fr.Module):
    def __init__(self, channels: int, width: int, stride: int, project: bool) -> None:
        super().__init__()
        self.conv1 = fr.Conv(channels, width, (1, 1), bias=False)
        self.bn1 = fr.BatchNorm(width)
        self.conv2 = fr.Conv(
            width, width, (3, 3), padding=((1, 1), (1, 1)), stride=(stride, stride), bias=False
        )
        self.bn2 = fr.BatchNorm(width)
        self.conv3 = fr.Conv(width, 4 * width, (1, 1), bias=False)
        self.bn3 = fr.BatchNorm(4 * width)
        if project:
            self.downsample = fr.Sequential(
                fr.Conv(channels, 4 * width, (1, 1), stride=(stride, stride), bias=False),
                fr.BatchNorm(4 * width),
            )

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        y = fr.relu(self.bn1(self.conv1(x)))
        y = fr.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return fr.relu(y + (self.downsample(x) if hasattr(self, "downsample") else x))


class ResNet50(fr.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = fr.Conv(3, 64, (7, 7), padding=((3, 3), (3, 3)), stride=(2, 2), bias=False)
        self.bn1 = fr.BatchNorm(64)
        self.layers = [fr.Sequential(*blocks) for blocks in stages(Bottleneck)]
        self.fc = fr.Linear(2048, 1000)

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        x = fr.relu(self.bn1(self.conv1(x)))
        x = fr.maxpool(x, (3, 3), stride=(2, 2), padding=((1, 1), (1, 1)))
        for layer in self.layers:
            x = layer(x)
        return self.fc(fr.mean(x, dim=(2, 3)))


class TorchBottleneck(nn.Module):
    def __init__(self, channels: int, width: int, stride: int, project: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = None
        if project:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.bn1(self.conv1(x)).relu_()
        y = self.bn2(self.conv2(y)).relu_()
        y = self.bn3(self.conv3(y))
        return (y + (self.downsample(x) if self.downsample is not None else x)).relu_()


class TorchResNet50(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layers = nn.ModuleList([nn.Sequential(*blocks) for blocks in stages(TorchBottleneck)])
        self.fc = nn.Linear(2048, 1000)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.bn1(self.conv1(x)).relu_()
        x = nn.functional.max_pool2d(x, 3, 2, 1)
        for layer in self.layers:
            x = layer(x)
        return self.fc(x.mean((2, 3)))


def stages(block: Callable[..., Any]) -> list[list[Any]]:
    """Return the four stages of residual blocks."""
    channels, stages = 64, list[list[Any]]()
    for width, count, stride in BLOCKS:
        first = block(channels, width, stride, True)
        stages.append([first, *[block(4 * width, width, 1, False) for _ in range(count - 1)]])
        channels = 4 * width
    return stages


def random_twin(seed: int = 0) -> TorchResNet50:
    """Return torch's network with random weights and plausible statistics."""
    torch.manual_seed(seed)
    twin = TorchResNet50().eval()
    with torch.no_grad():
        for module in twin.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.running_mean, -0.1, 0.1)  # pyright: ignore[reportArgumentType]
                nn.init.uniform_(module.running_var, 0.5, 1.5)  # pyright: ignore[reportArgumentType]
                nn.init.uniform_(module.weight, 0.5, 1.0)
    return twin


def timed(function: Callable[[], Any]) -> float:
    """Return the seconds of the second of two calls, when the other's threads have stopped."""
    function()
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def measure(threads: int, rounds: int, batch: int) -> None:
    """Time both in turn and print the figures."""
    torch.set_num_threads(threads)
    twin = random_twin()
    net = ResNet50()
    net.load_state_dict(twin.state_dict())
    start = time.perf_counter()
    compiled = fr.compile(net, args=[fr.InputInfo((batch, 3, 224, 224), fr.float32)], target="cpu")
    compile_seconds = time.perf_counter() - start
    path = compiled.save(f"build/resnet50-{batch}.vmfb")
    run = farrier_runtime.load(path, threads=threads)

    image = np.random.default_rng(0).standard_normal((batch, 3, 224, 224), np.float32)
    tensor = torch.from_numpy(image)
    with torch.inference_mode():
        difference = np.abs(run(image) - twin(tensor).numpy()).max()
        pairs = [(timed(lambda: run(image)), timed(lambda: twin(tensor))) for _ in range(rounds)]
    ours, theirs = median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)
    low, middle, high = quantiles([pair[0] / pair[1] for pair in pairs], n=4)
    print(
        f"{threads} thread{'s' * (threads > 1)}, batch {batch}: farrier {ours * 1e3:.1f} ms, "
        f"torch {torch.__version__} eager {theirs * 1e3:.1f} ms, ratio {middle:.2f} "
        f"(quartiles {low:.2f} to {high:.2f}), largest difference {difference:.1e}, "
        f"compiled in {compile_seconds:.1f} s",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", default=f"1,{os.cpu_count()}")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        measure(args.child, args.rounds, args.batch)
        return
    os.makedirs("build", exist_ok=True)
    for threads in args.threads.split(","):
        command = [sys.executable, __file__, "--child", threads]
        command += ["--rounds", str(args.rounds), "--batch", str(args.batch)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
