# pyright: basic, reportMissingImports=false
"""Train the digits network with torch; write its weights, the test split and calibration data.

For maintainers: needs torch and scikit-learn. Users of the example need neither.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn import functional

HERE = Path(__file__).parent
SEED = 0
THREADS = 2  # Sums are split by thread, so another number gives slightly different weights.
HELD_OUT = 360
CALIBRATION = 64
EPOCHS = 60
BATCH = 64
LEARNING_RATE = 1e-2
MAXIMUM_SHIFT = 1.0  # pixels
GREY_LEVELS = 16.0

SOURCE = (
    "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, 1998, "
    "UCI Machine Learning Repository, https://doi.org/10.24432/C50P49, "
    "as bundled by scikit-learn"
)
LICENCE = "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/"


class Net(nn.Module):
    """The torch twin of model.py: same layers, same parameter names."""

    def __init__(self) -> None:
        """Create the layers with torch's initial weights."""
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(32)
        self.conv3 = nn.Conv2d(32, 64, 3, padding=1, bias=False)
        self.norm3 = nn.BatchNorm2d(64)
        self.head = nn.Linear(64 * 2 * 2, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits, (N, 10), of images x, (N, 1, 8, 8) in [0, 1]."""
        x = functional.relu(self.norm1(self.conv1(x)))
        x = functional.max_pool2d(functional.relu(self.norm2(self.conv2(x))), 2)
        x = functional.max_pool2d(functional.relu(self.norm3(self.conv3(x))), 2)
        return self.head(torch.flatten(x, 1))


def split_digits() -> Any:
    """Return training images, held-out images, training labels and held-out labels."""
    digits: Any = load_digits()
    return train_test_split(
        digits.images, digits.target, test_size=HELD_OUT, stratify=digits.target, random_state=SEED
    )


def to_input(images: np.ndarray) -> torch.Tensor:
    """Return images, (N, 8, 8) with levels 0..16, as the network's input in [0, 1]."""
    return torch.from_numpy(images.astype(np.float32) / GREY_LEVELS)[:, None]


def shifted(images: torch.Tensor) -> torch.Tensor:
    """Move every image by its own random fraction of a pixel, as another pen would."""
    transform = torch.eye(2, 3).repeat(len(images), 1, 1)
    width = images.shape[-1]
    transform[:, :, 2] = (torch.rand(len(images), 2) * 2 - 1) * MAXIMUM_SHIFT * 2 / width
    grid = functional.affine_grid(transform, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


def train(images: torch.Tensor, labels: torch.Tensor) -> Net:
    """Return a network trained on the images with AdamW and a one-cycle learning rate."""
    net = Net()
    optimizer = torch.optim.AdamW(net.parameters(), weight_decay=1e-2)
    batches = len(images) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=LEARNING_RATE, total_steps=EPOCHS * batches
    )
    for _ in range(EPOCHS):
        order = torch.randperm(len(images))
        for batch in order[: batches * BATCH].split(BATCH):
            loss = functional.cross_entropy(net(shifted(images[batch])), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return net.eval()


@torch.no_grad()
def accuracy(net: Net, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Return the fraction of images that the network reads correctly."""
    return (net(images).argmax(1) == labels).float().mean().item()


def save_weights(net: Net, path: Path) -> None:
    """Write the parameters; num_batches_tracked only serves further training."""
    state = net.state_dict().items()
    kept = {name: value for name, value in state if not name.endswith("num_batches_tracked")}
    path.write_bytes(save(kept))


def save_test_split(images: np.ndarray, labels: np.ndarray, path: Path) -> None:
    """Write the held-out images and labels as bytes, with their source."""
    np.savez_compressed(
        path,
        images=images.astype(np.uint8),
        labels=labels.astype(np.uint8),
        source=np.array(SOURCE),
        licence=np.array(LICENCE),
    )


def save_calibration(images: np.ndarray, path: Path) -> None:
    """Write training images as the network's input x, (N, 1, 8, 8) in [0, 1]."""
    np.savez_compressed(
        path, x=to_input(images).numpy(), source=np.array(SOURCE), licence=np.array(LICENCE)
    )


def main() -> None:
    """Train, report the accuracy and write the three files."""
    torch.manual_seed(SEED)
    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(True)
    train_images, test_images, train_labels, test_labels = split_digits()
    net = train(to_input(train_images), torch.from_numpy(train_labels))
    reached = accuracy(net, to_input(test_images), torch.from_numpy(test_labels))
    print(f"{reached:.2%} of {len(test_images)} held-out images")
    save_weights(net, HERE / "digits.safetensors")
    save_test_split(test_images, test_labels, HERE / "test_split.npz")
    save_calibration(train_images[:CALIBRATION], HERE / "calibration.npz")


if __name__ == "__main__":
    main()
