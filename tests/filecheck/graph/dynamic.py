# RUN: %python %s | filecheck %s
"""Graph text of functions with dynamic sizes."""

import farrier as fr
from support.show import graph

N = fr.NamedDimension("n", 1, 4, 8)
X = fr.InputInfo((N, 6), fr.float32)
ANY = fr.InputInfo(((0, 2, 4),), fr.float32)

graph(lambda x, y: (x @ fr.permute(x, (1, 0)), x[: y.shape[0] // 2]), X, ANY, name="two")
# CHECK:      graph @two[n in (1, 4, 8), y_dim0 in (0, 2, 4)](%x: f32[n,6], %y: f32[y_dim0])
# CHECK-SAME:   -> (output0: f32[n,n], output1: f32[min(n, y_dim0//2),6]) {
# CHECK-NEXT:   %0: f32[6,n] = transpose(%x) {permutation = (1, 0)}   # dynamic.py:11
# CHECK-NEXT:   %1: f32[n,n] = dot_general(%x, %0) {{.*}}
# CHECK-NEXT:   %2: f32[min(n, y_dim0//2),6] = slice(%x)
# CHECK-SAME:     {start = (0, 0), limit = (min(n, y_dim0//2), 6), step = (1, 1)}
# CHECK-NEXT:   return %1, %2
# CHECK-NEXT: }

graph(lambda x, k: fr.reshape(x, (k, -1)), X, fr.DimensionInputInfo((1, 2, 3)), name="size")
# CHECK:      graph @size[n in (1, 4, 8), k in (1, 2, 3)](%x: f32[n,6], %k: i32[] = k)
# CHECK-NEXT:   %0: f32[k,(6*n)//k] = reshape(%x) {shape = (k, (6*n)//k)}
# CHECK-NEXT:   return %0

graph(lambda x, k: fr.reshape(x, (k, -1)), X, fr.DimensionInputInfo((0, 2, 3)), name="or_none")
# CHECK:      graph @or_none
# CHECK-NEXT:   %0: f32[k,(6*n)//k] = reshape(%x) {shape = (k, (6*n)//k), divisor = k}

graph(lambda x: x * x.shape[0] + fr.sum(x, 0), X, name="number")
# CHECK:      graph @number[n in (1, 4, 8)](%x: f32[n,6]) -> f32[n,6] {
# CHECK-NEXT:   %0: i32[] = size_of() {size = n}
# CHECK-NEXT:   %1: f32[] = cast(%0) {dtype = f32}
# CHECK-NEXT:   %2: f32[n,6] = multiply(%x, %1)

graph(lambda x, y: fr.zeros((x + y).shape), ANY, ANY, name="either")
# CHECK:      graph @either[x_dim0 in (0, 2, 4), y_dim0 in (0, 2, 4)]
# CHECK-NEXT:   %0: f32[broadcast(x_dim0, y_dim0)] = full()
# CHECK-SAME:     {shape = (broadcast(x_dim0, y_dim0),), value = 0.0, dtype = f32}
