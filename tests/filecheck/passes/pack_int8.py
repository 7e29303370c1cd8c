# RUN: %python %s | filecheck %s
"""The `pack_int8` pass: weights of int8 matmuls in tiles of 16 columns by 4 terms."""

import numpy as np

import farrier as fr
from farrier.tensor import apply
from farrier_compiler.ops.linear_algebra import DotGeneral
from support.show import graph

ALL = "pack_int8{products=0}"
X = fr.InputInfo((2, 3, 6), fr.int8)
W = fr.Tensor(np.arange(120, dtype=np.int8).reshape(20, 6))


def product(x: fr.Tensor) -> fr.Tensor:
    return apply(DotGeneral((), (), (x.rank - 1,), (1,), fr.int32), x, W)


# The terms are padded with zeros, and the columns to two tiles.
# CHECK-LABEL: graph @product
# CHECK-NEXT:    constant @W: i8[2,2,16,4]
# CHECK-NEXT:    %0: i8[6,6] = reshape(%x)
# CHECK-NEXT:    %1: i8[6,8] = pad(%0, 0: i8) {low = (0, 0), high = (0, 2), interior = (0, 0)}
# CHECK-NEXT:    %2: i8[6,2,4] = reshape(%1)
# CHECK-NEXT:    %3: i32[6,2,16] = dot_general(%2, @W)
# CHECK-SAME:      lhs_contracting = (1, 2), rhs_contracting = (1, 3)
# CHECK-NEXT:    %4: i32[6,32] = reshape(%3)
# CHECK-NEXT:    %5: i32[6,20] = slice(%4)
# CHECK-NEXT:    reshape(%5) {shape = (2, 3, 20)}
graph(product, X, passes=ALL, name="product")

# Small matmuls stay.
# CHECK-LABEL: graph @few
# CHECK-NEXT:    constant @{{.*}}: i8[20,6]
graph(product, X, passes="pack_int8", name="few")


# A weight with other users is not packed.
# CHECK-LABEL: graph @shared
# CHECK-NEXT:    constant @{{.*}}: i8[20,6]
def shared(x: fr.Tensor) -> tuple[fr.Tensor, fr.Tensor]:
    return product(x), fr.gather(W, 0, fr.Tensor([1, 2]))


graph(shared, X, passes=ALL, name="shared")
