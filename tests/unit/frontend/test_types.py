"""Calls with a DimensionSize wherever a size may be given, for pyright to check."""

from __future__ import annotations

import farrier as fr
from farrier.compiling.trace import trace


def shapes(x: fr.Tensor, size: fr.DimensionSize) -> list[tuple[fr.Tensor, str]]:
    image, kernel = fr.ones((1, 2, 20, 20)), fr.ones((2, 2, 3, 3))
    one: fr.types.IntLike = size // size
    many: fr.types.ShapeLike = (size, 2)
    return [
        (fr.reshape(x, (2, size)), "(2, size)"),
        (x.reshape([2, size]), "(2, size)"),
        (fr.expand(x[:1], many), "(size, 2)"),
        (x[:1].expand(many), "(size, 2)"),
        (fr.repeat(x, size, 0), "(rows*size, 2)"),
        (x.repeat(size, 0), "(rows*size, 2)"),
        (fr.split(x, [1, size - 1])[1], "(size - 1, 2)"),
        (x.split([size - 2, 2])[0], "(size - 2, 2)"),
        (fr.split(x, fr.DimensionSize(2))[1], "(-((rows + 1)//2) + rows, 2)"),
        (fr.pad(x, [(size, 0), (1, one)]), "(rows + size, 4)"),
        (x.pad([(0, size), (0, 0)]), "(rows + size, 2)"),
        (fr.resize(x, (size * 2, 2), "nearest"), "(2*size, 2)"),
        (x.resize((size, 3)), "(size, 3)"),
        (fr.topk(x, size - 2, 0)[0], "(size - 2, 2)"),
        (x.topk(size - 3, 0)[1], "(size - 3, 2)"),
        (fr.layer_norm(fr.ones((3, size)), size), "(3, size)"),
        (fr.rms_norm(fr.ones((3, size)), (size,)), "(3, size)"),
        (fr.maxpool(image, (size, 2), (one, 1), ((0, 0), (0, one))), "(1, 2, -size + 21, 20)"),
        (fr.avgpool(image, (2, size)), "(1, 2, 19, -size + 21)"),
        (
            fr.convolution(image, kernel, (one, 2), ((size, 0), (0, 0)), (one, 1)),
            "(1, 2, size + 18, 9)",
        ),
        (fr.conv_transpose(image, kernel, (2, 2), ((one, 0), (0, 0)), (1, 1)), "(1, 2, 40, 41)"),
        (fr.full(many, 2.0), "(size, 2)"),
        (fr.ones(size), "(size,)"),
        (fr.zeros((size, size)), "(size, size)"),
        (fr.iota((size,)), "(size,)"),
        (fr.arange(size), "(size,)"),
        (fr.arange(0, size * 2, one), "(2*size,)"),
        (x[size - 2 :], "(-min(rows, size - 2) + rows, 2)"),
    ]


def test_a_size_is_accepted_in_every_shape() -> None:
    accepted: list[tuple[str, str]] = []

    def function(x: fr.Tensor, size: fr.DimensionSize) -> fr.Tensor:
        accepted.extend((str(tensor.shape), expected) for tensor, expected in shapes(x, size))
        return x

    rows = fr.NamedDimension("rows", 4, 8, 16)
    trace(function, [fr.InputInfo((rows, 2), fr.float32), fr.DimensionInputInfo((4, 8, 16))])
    assert len(accepted) == 28
    assert [shape for shape, _ in accepted] == [expected for _, expected in accepted]
