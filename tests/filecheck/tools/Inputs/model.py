"""A small network with one layer of each kind that the dumps show."""

import numpy as np

import farrier as fr


class Net(fr.Module):
    def __init__(self):
        self.conv = fr.Conv(1, 4, (3, 3), padding=((1, 1), (1, 1)), bias=False)
        self.norm = fr.BatchNorm(4)
        self.head = fr.Linear(4, 2)

    def forward(self, x):
        x = fr.relu(self.norm(self.conv(x)))
        return self.head(fr.mean(x, dim=(2, 3)))


def parts(x, y):
    return {"sum": x + y, "both": (x * y, x - y)}


def wide(x):
    return x @ fr.Tensor(np.random.default_rng(0).standard_normal((32, 32), np.float32))
