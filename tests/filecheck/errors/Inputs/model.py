"""Faulty models, each with one mistake."""

import farrier as fr


class Net(fr.Module):
    def __init__(self):
        self.layers = [fr.Linear(3, 4), fr.Linear(4, 2)]

    def forward(self, x):
        for layer in self.layers:
            x = fr.relu(layer(x))
        return x


def unbroadcastable(x):
    bias = fr.ones((4,))
    return x + bias


def mixed(x, y):
    return x * y


def failing(x):
    sizes = {"rows": x.shape[0]}
    return fr.reshape(x, (sizes["columns"], -1))


def reading(x):
    return x * 2.0 if x > 0.0 else x
