"""Every example of the Conv document, whose tensors were printed after a dummy fill."""

from __future__ import annotations

import farrier as fr
from support.documents import assert_same_state, assert_same_tensor

IMAGE = """tensor(
    [[[[0.0000, 1.0000, 2.0000, 3.0000],
       [4.0000, 5.0000, 6.0000, 7.0000],
       [8.0000, 9.0000, 10.0000, 11.0000],
       [12.0000, 13.0000, 14.0000, 15.0000]]]],
    dtype=float32, loc=cpu:0, shape=(1, 1, 4, 4))"""


def test_conv() -> None:
    input = fr.reshape(fr.arange(16, dtype=fr.float32), (1, 1, 4, 4))
    conv = fr.Conv(in_channels=1, out_channels=1, kernel_dims=(2, 2), dtype=fr.float32)
    conv.initialize_dummy_parameters()
    output = conv(input)

    assert_same_tensor(input, IMAGE)
    assert str(conv) == (
        "Conv(\n"
        "    bias: Parameter = (shape=(1,), dtype=float32),\n"
        "    weight: Parameter = (shape=(1, 1, 2, 2), dtype=float32),\n"
        ")"
    )
    assert_same_state(
        conv.state_dict(),
        """{
    bias: tensor([0.0000], dtype=float32, loc=cpu:0, shape=(1,)),
    weight: tensor(
        [[[[0.0000, 1.0000],
           [2.0000, 3.0000]]]],
        dtype=float32, loc=cpu:0, shape=(1, 1, 2, 2)),
}""",
    )
    assert_same_tensor(
        output,
        """tensor(
    [[[[24.0000, 30.0000, 36.0000],
       [48.0000, 54.0000, 60.0000],
       [72.0000, 78.0000, 84.0000]]]],
    dtype=float32, loc=cpu:0, shape=(1, 1, 3, 3))""",
    )


def test_padding_and_stride() -> None:
    input = fr.reshape(fr.arange(16, dtype=fr.float32), (1, 1, 4, 4))
    conv = fr.Conv(
        1,
        1,
        (3, 3),
        padding=((1, 1), (1, 1)),
        stride=(3, 1),
        bias=False,
        dtype=fr.float32,
    )
    conv.initialize_dummy_parameters()
    output = conv(input)

    assert_same_tensor(input, IMAGE)
    assert str(conv) == ("Conv(\n    weight: Parameter = (shape=(1, 1, 3, 3), dtype=float32),\n)")
    assert_same_state(
        conv.state_dict(),
        """{
    weight: tensor(
        [[[[0.0000, 1.0000, 2.0000],
           [3.0000, 4.0000, 5.0000],
           [6.0000, 7.0000, 8.0000]]]],
        dtype=float32, loc=cpu:0, shape=(1, 1, 3, 3)),
}""",
    )
    assert_same_tensor(
        output,
        """tensor(
    [[[[73.0000, 121.0000, 154.0000, 103.0000],
       [139.0000, 187.0000, 202.0000, 113.0000]]]],
    dtype=float32, loc=cpu:0, shape=(1, 1, 2, 4))""",
    )


def test_depthwise_convolution() -> None:
    input = fr.reshape(fr.arange(18, dtype=fr.float32), (1, 2, 3, 3))
    conv = fr.Conv(2, 2, (3, 3), groups=2, bias=False, dtype=fr.float32)
    conv.initialize_dummy_parameters()
    output = conv(input)

    assert_same_tensor(
        input,
        """tensor(
    [[[[0.0000, 1.0000, 2.0000],
       [3.0000, 4.0000, 5.0000],
       [6.0000, 7.0000, 8.0000]],

      [[9.0000, 10.0000, 11.0000],
       [12.0000, 13.0000, 14.0000],
       [15.0000, 16.0000, 17.0000]]]],
    dtype=float32, loc=cpu:0, shape=(1, 2, 3, 3))""",
    )
    assert str(conv) == ("Conv(\n    weight: Parameter = (shape=(2, 1, 3, 3), dtype=float32),\n)")
    assert_same_state(
        conv.state_dict(),
        """{
    weight: tensor(
        [[[[0.0000, 1.0000, 2.0000],
           [3.0000, 4.0000, 5.0000],
           [6.0000, 7.0000, 8.0000]]],


         [[[9.0000, 10.0000, 11.0000],
           [12.0000, 13.0000, 14.0000],
           [15.0000, 16.0000, 17.0000]]]],
        dtype=float32, loc=cpu:0, shape=(2, 1, 3, 3)),
}""",
    )
    assert_same_tensor(
        output,
        """tensor(
    [[[[204.0000]],

      [[1581.0000]]]],
    dtype=float32, loc=cpu:0, shape=(1, 2, 1, 1))""",
    )


def test_dilated_convolution() -> None:
    input = fr.reshape(fr.arange(9, dtype=fr.float32), (1, 1, 3, 3))
    conv = fr.Conv(1, 1, (2, 2), dilation=(2, 2), bias=False, dtype=fr.float32)
    conv.initialize_dummy_parameters()
    output = conv(input)

    assert_same_tensor(
        input,
        """tensor(
    [[[[0.0000, 1.0000, 2.0000],
       [3.0000, 4.0000, 5.0000],
       [6.0000, 7.0000, 8.0000]]]],
    dtype=float32, loc=cpu:0, shape=(1, 1, 3, 3))""",
    )
    assert str(conv) == ("Conv(\n    weight: Parameter = (shape=(1, 1, 2, 2), dtype=float32),\n)")
    assert_same_state(
        conv.state_dict(),
        """{
    weight: tensor(
        [[[[0.0000, 1.0000],
           [2.0000, 3.0000]]]],
        dtype=float32, loc=cpu:0, shape=(1, 1, 2, 2)),
}""",
    )
    assert repr(output) == "tensor([[[[38]]]], dtype=float32, loc=cpu:0, shape=(1, 1, 1, 1))"
