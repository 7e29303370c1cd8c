# RUN: %python %s | filecheck %s
"""The `int8_through_float16` pass: int8 matmuls in float16, with sums split to stay exact."""

import farrier as fr
from support.show import graph


def product(x: fr.Tensor, w: fr.Tensor) -> fr.Tensor:
    return fr.dot_general(x, w, ((1,), (0,)), dtype=fr.int32)


def of(*shape: int, dtype: fr.dtype = fr.int8) -> fr.InputInfo:
    return fr.InputInfo(shape, dtype)


# CHECK-LABEL: graph @exact
# CHECK-NEXT:    %0: f16[2,1024] = cast(%x) {dtype = f16}
# CHECK-NEXT:    %1: f16[2,1024] = optimization_barrier(%0)
# CHECK-NEXT:    %2: f16[1024,3] = cast(%w) {dtype = f16}
# CHECK-NEXT:    %3: f16[1024,3] = optimization_barrier(%2)
# CHECK-NEXT:    %4: f32[2,3] = dot_general(%1, %3)
# CHECK-SAME:      dtype = f32}
# CHECK-NEXT:    %5: i32[2,3] = cast(%4) {dtype = i32}
# CHECK-NEXT:    return %5
graph(product, of(2, 1024), of(1024, 3), passes="int8_through_float16", name="exact")

# CHECK-LABEL: graph @split
# CHECK:         slice(%x) {start = (0, 0), limit = (2, 1024), step = (1, 1)}
# CHECK:         slice(%w) {start = (0, 0), limit = (1024, 3), step = (1, 1)}
# CHECK:         %[[FIRST:.*]]: i32[2,3] = cast(
# CHECK:         slice(%x) {start = (0, 1024), limit = (2, 1500), step = (1, 1)}
# CHECK:         %[[SECOND:.*]]: i32[2,3] = cast(
# CHECK:         add(%[[FIRST]], %[[SECOND]])
graph(product, of(2, 1500), of(1500, 3), passes="int8_through_float16", name="split")

# Matmuls that would need too many parts, and those of other data types, stay.
# CHECK-LABEL: graph @long
# CHECK-NOT:     f16
# CHECK-LABEL: graph @sixteen
# CHECK-NOT:     f16
# CHECK:         return
graph(product, of(2, 20000), of(20000, 3), passes="int8_through_float16", name="long")
wide = of(2, 8, dtype=fr.int16), of(8, 3, dtype=fr.int16)
graph(product, *wide, passes="int8_through_float16", name="sixteen")
