# RUN: %python %s | filecheck %s
"""The `im2col` pass: integer and grouped convolutions as matrix products."""

import farrier as fr
from farrier.tensor import apply
from farrier_compiler.ops.convolution import Convolution
from support.show import graph

ALL = "im2col{products=0}"
X = fr.InputInfo((1, 5, 4), fr.int8)
KERNEL = fr.InputInfo((2, 4, 3), fr.int8)


def convolution(x: fr.Tensor, kernel: fr.Tensor) -> fr.Tensor:
    op = Convolution((2,), ((1, 0),), (1,), layout="channels_last", dtype=fr.int32)
    return apply(op, x, kernel)


# CHECK-LABEL: graph @integers
# CHECK:         %0: i8[1,6,4] = pad(%x, 0: i8) {low = (0, 1, 0), high = (0, 0, 0),
# CHECK-NEXT:    %1: i8[1,3,4] = slice(%0) {start = (0, 0, 0), limit = (1, 5, 4), step = (1, 2, 1)}
# CHECK-NEXT:    %2: i8[1,3,4] = slice(%0) {start = (0, 1, 0), limit = (1, 6, 4), step = (1, 2, 1)}
# CHECK-NEXT:    %3: i8[1,3,8] = concatenate(%1, %2) {dim = 2}
# CHECK-NEXT:    %4: i8[3,8] = reshape(%3)
# CHECK-NEXT:    %5: i8[8,3] = reshape(%kernel)
# CHECK-NEXT:    %6: i32[3,3] = dot_general(%4, %5)
# CHECK-NEXT:    reshape(%6) {shape = (1, 3, 3)}
graph(convolution, X, KERNEL, passes=ALL, name="integers")


def groups(x: fr.Tensor, kernel: fr.Tensor) -> fr.Tensor:
    return apply(Convolution((1,), ((0, 0),), (1,), 2, layout="channels_last"), x, kernel)


# CHECK-LABEL: graph @groups
# CHECK:         %[[X:.*]]: f32[4,2,2,2] = reshape(
# CHECK-NEXT:    %[[K:.*]]: f32[2,2,2,3] = reshape(%kernel)
# CHECK-NEXT:    %[[Y:.*]]: f32[2,4,3] = dot_general(%[[X]], %[[K]])
# CHECK-SAME:      lhs_batch = (2,), rhs_batch = (2,)
# CHECK-NEXT:    transpose(%[[Y]]) {permutation = (1, 0, 2)}
graph(
    groups,
    fr.InputInfo((1, 5, 4), fr.float32),
    fr.InputInfo((2, 2, 6), fr.float32),
    passes=ALL,
    name="groups",
)


def stays(x: fr.Tensor, kernel: fr.Tensor) -> fr.Tensor:
    return apply(Convolution((1,), ((0, 0),), (1,), layout="channels_last"), x, kernel)


# Ungrouped float convolutions have fast code already, and stay.
# CHECK-LABEL: graph @stays
# CHECK:         convolution(%x, %kernel)
graph(
    stays,
    fr.InputInfo((1, 5, 4), fr.float32),
    fr.InputInfo((2, 4, 6), fr.float32),
    passes=ALL,
    name="stays",
)


# Windows of more than 64 elements stay too: each element would copy the input.
# CHECK-LABEL: graph @large
# CHECK:         convolution(%x, %kernel)
graph(
    convolution,
    fr.InputInfo((1, 80, 4), fr.int8),
    fr.InputInfo((65, 4, 3), fr.int8),
    passes=ALL,
    name="large",
)


# Where an int8 kernel exists, convolutions with a multiple of four channels stay, but not of three.
# CHECK-LABEL: graph @kernel
# CHECK:         convolution(%x, %kernel)
# CHECK-LABEL: graph @three
# CHECK:         dot_general(
for channels, name in ((4, "kernel"), (3, "three")):
    graph(
        convolution,
        fr.InputInfo((8, 2048, channels), fr.int8),
        fr.InputInfo((5, channels, 16), fr.int8),
        passes="im2col{kernels=true}",
        name=name,
    )


# Small convolutions are not worth the code.
# CHECK-LABEL: graph @small
# CHECK:         convolution(%x, %kernel)
graph(convolution, X, KERNEL, passes="im2col", name="small")
