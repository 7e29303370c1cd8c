"""A small convolutional network that reads 8x8 scans of handwritten digits."""

import farrier as fr


class Net(fr.Module):
    """Three convolutions and a linear head: (N, 1, 8, 8) in [0, 1] -> (N, 10) logits."""

    def __init__(self):
        """Create the layers; load_weights fills them."""
        super().__init__()
        same = ((1, 1), (1, 1))
        self.conv1 = fr.Conv(1, 16, (3, 3), padding=same, bias=False)
        self.norm1 = fr.BatchNorm(16)
        self.conv2 = fr.Conv(16, 32, (3, 3), padding=same, bias=False)
        self.norm2 = fr.BatchNorm(32)
        self.conv3 = fr.Conv(32, 64, (3, 3), padding=same, bias=False)
        self.norm3 = fr.BatchNorm(64)
        self.head = fr.Linear(64 * 2 * 2, 10)

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        """Return one score per digit; the largest is the network's answer."""
        x = fr.relu(self.norm1(self.conv1(x)))  # (N, 16, 8, 8)
        x = fr.relu(self.norm2(self.conv2(x)))  # (N, 32, 8, 8)
        x = fr.maxpool(x, kernel_dims=(2, 2), stride=(2, 2))  # (N, 32, 4, 4)
        x = fr.relu(self.norm3(self.conv3(x)))  # (N, 64, 4, 4)
        x = fr.maxpool(x, kernel_dims=(2, 2), stride=(2, 2))  # (N, 64, 2, 2)
        return self.head(fr.flatten(x, start_dim=1))
