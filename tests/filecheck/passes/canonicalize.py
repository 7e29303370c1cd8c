# RUN: %python %s | filecheck %s
"""The `canonicalize` pass: removal of no-ops, and merging of consecutive ops."""

import farrier as fr
from support.show import graph

PASSES = "canonicalize"


def arithmetic(x: fr.Tensor) -> fr.Tensor:
    return fr.negative(fr.negative(1 * x / 1 - 0.0))


# CHECK-LABEL: graph @arithmetic(%x: f32[2,3])
# CHECK-NEXT:    return %x
graph(arithmetic, fr.InputInfo((2, 3), fr.float32), passes=PASSES, name="arithmetic")


def not_exact(x: fr.Tensor) -> fr.Tensor:
    return x * 0.0 + 0.0


# CHECK-LABEL: graph @not_exact
# CHECK-NEXT:    %0: f32[2,3] = multiply(%x, 0.0: f32)
# CHECK-NEXT:    %1: f32[2,3] = add(%0, 0.0: f32)
graph(not_exact, fr.InputInfo((2, 3), fr.float32), passes=PASSES, name="not_exact")


def shapes(x: fr.Tensor) -> fr.Tensor:
    x = fr.permute(fr.permute(x, (1, 2, 0)), (2, 0, 1))
    return fr.reshape(fr.reshape(fr.cast(x, fr.float32), (6, 4)), (24,))


# CHECK-LABEL: graph @shapes
# CHECK-NEXT:    %0: f32[24] = reshape(%x) {shape = (24,)}
# CHECK-NEXT:    return %0
graph(shapes, fr.InputInfo((2, 3, 4), fr.float32), passes=PASSES, name="shapes")


def parts(x: fr.Tensor) -> fr.Tensor:
    return x[2:][:4:2][1:]


# CHECK-LABEL: graph @parts
# CHECK-NEXT:    %0: f32[1] = slice(%x) {start = (4,), limit = (5,), step = (2,)}
# CHECK-NEXT:    return %0
graph(parts, fr.InputInfo((8,), fr.float32), passes=PASSES, name="parts")


def filled(x: fr.Tensor) -> fr.Tensor:
    return fr.full((2, 3), 2.0) * x


# CHECK-LABEL: graph @filled
# CHECK-NEXT:    %0: f32[2,3] = multiply(%x, 2.0: f32)
# CHECK-NEXT:    return %0
graph(filled, fr.InputInfo((2, 3), fr.float32), passes=PASSES, name="filled")
