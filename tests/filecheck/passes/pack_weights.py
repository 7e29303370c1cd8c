# RUN: %python %s | filecheck %s
"""The `pack_weights` pass: int8 weights in tiles of columns."""

import numpy as np

import farrier as fr
from support.show import graph

W = fr.Tensor(np.arange(60, dtype=np.int8).reshape(20, 3))

BLOCKS = fr.Tensor(np.ones((20, 128), np.int8))
SCALES = fr.Tensor(np.arange(1, 21, dtype=np.float32).reshape(10, 2))


def product(x: fr.Tensor) -> fr.Tensor:
    return fr.dot_general(x, fr.dequantize(W, 0.5, fr.float32), ((x.rank - 1,), (1,)))


# The last columns of the last tile are zeros.
# CHECK-LABEL: graph @rows
# CHECK-NEXT:    constant @{{.*}}: i8[2,3,16]
# CHECK-NEXT:    %0: f32[8,3] = reshape(%x)
# CHECK-NEXT:    %1: f32[2,3,16] = dequantize(@{{.*}}, 0.5: f32) {dtype = f32}
# CHECK-NEXT:    %2: f32[8,2,16] = dot_general(%0, %1)
# CHECK-SAME:      lhs_contracting = (1,), rhs_contracting = (1,)
# CHECK-NEXT:    %3: f32[8,32] = reshape(%2)
# CHECK-NEXT:    %4: f32[8,20] = slice(%3)
# CHECK-NEXT:    reshape(%4) {shape = (2, 4, 20)}
graph(product, fr.InputInfo((2, 4, 3), fr.float32), passes="pack_weights", name="rows")

# CHECK-LABEL: graph @one_row
# CHECK-NEXT:    constant @{{.*}}: i8[1,3,32]
graph(product, fr.InputInfo((1, 3), fr.float32), passes="pack_weights", name="one_row")

# With a scale for each block of 2 x 64 elements, a matmul sums over blocks and within them.
# CHECK-LABEL: graph @blocks
# CHECK-NEXT:    constant @{{.*}}: i8[1,2,64,32]
# CHECK-NEXT:    constant @{{.*}}: f32[1,2,1,32]
# CHECK-NEXT:    %0: f32[1,2,64] = reshape(%x)
# CHECK-NEXT:    %1: f32[1,2,64,32] = dequantize(
# CHECK-NEXT:    %2: f32[1,1,32] = dot_general(%0, %1)
# CHECK-SAME:      lhs_contracting = (1, 2), rhs_contracting = (1, 2)
graph(
    lambda x: fr.dot_general(x, fr.dequantize(BLOCKS, SCALES, fr.float32), ((1,), (1,))),
    fr.InputInfo((1, 128), fr.float32),
    passes="pack_weights",
    name="blocks",
)


# A weight with other users is not packed; nor are other data types.
# CHECK-LABEL: graph @shared
# CHECK-NEXT:    constant @{{.*}}: i8[20,3]
# CHECK-LABEL: graph @half
# CHECK-NEXT:    constant @{{.*}}: i8[20,3]
def shared(x: fr.Tensor) -> tuple[fr.Tensor, fr.Tensor]:
    return product(x), fr.gather(W, 0, fr.Tensor([1, 2]))


def half(x: fr.Tensor) -> fr.Tensor:
    return fr.dot_general(x, fr.dequantize(W, 0.5, fr.float16), ((1,), (1,)))


graph(shared, fr.InputInfo((4, 3), fr.float32), passes="pack_weights", name="shared")
graph(half, fr.InputInfo((4, 3), fr.float16), passes="pack_weights", name="half")
