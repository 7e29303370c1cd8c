"""Every example of the NLinear document."""

from __future__ import annotations

import farrier as fr


def test_sequence() -> None:
    batch_size = 2
    sequence_length = 4
    d_embedding_in = 6
    d_embedding_out = 7
    x = fr.randn(batch_size, sequence_length, d_embedding_in)
    assert x.shape == (2, 4, 6)
    m = fr.NLinear(sequence_length, d_embedding_in, d_embedding_out)
    assert m(x).shape == (2, 4, 7)


def test_image() -> None:
    # Batch dimensions can be arbitrarily complex (same as for Linear).
    batch_size = 2
    width = 4
    height = 5
    in_channels = 6
    out_channels = 7
    x = fr.randn(batch_size, width, height, in_channels)
    assert x.shape == (2, 4, 5, 6)
    m = fr.NLinear((width, height), in_channels, out_channels)
    assert m(x).shape == (2, 4, 5, 7)


def test_layout_and_call() -> None:
    m = fr.NLinear((4, 5), 6, 7)
    m.reset_parameters()
    shapes = {name: tensor.shape for name, tensor in m.state_dict().items()}
    assert shapes == {"weight": (4, 5, 6, 7), "bias": (4, 5, 7)}
    assert m(fr.randn(2, 4, 5, 6, seed=0)).eval().shape == (2, 4, 5, 7)
