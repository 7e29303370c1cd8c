# RUN: %python %s | filecheck %s
"""Sorting and running sums."""

import farrier as fr
from support.show import iree_input, stablehlo

X = fr.InputInfo((2, 5), fr.float32)
INTEGERS = fr.InputInfo((2, 5), fr.uint8)

# op: sort
stablehlo(lambda x: fr.sort(x), INTEGERS, name="sort_integers")
# CHECK-LABEL: func.func @sort_integers(
# CHECK-NEXT: [[INDEX:%.+]] = stablehlo.iota dim = 1 : tensor<2x5xi32>
# CHECK-NEXT: "stablehlo.sort"(%arg0, [[INDEX]]) <{dimension = 1 : i64, is_stable = true}>
# CHECK-NEXT: ^bb0([[X:%.+]]: tensor<ui8>, [[Y:%.+]]: tensor<ui8>, %{{.+}}: tensor<i32>, %{{.+}}
# CHECK-NEXT: [[LESS:%.+]] = stablehlo.compare LT, [[X]], [[Y]], UNSIGNED
# CHECK-NEXT: stablehlo.return [[LESS]]
# CHECK: return

stablehlo(lambda x: fr.sort(x, dim=0), X, name="nan_is_last")
# CHECK-LABEL: func.func @nan_is_last(
# CHECK: ^bb0([[X:%[^:]+]]: tensor<f32>, [[Y:%[^:]+]]: tensor<f32>,
# CHECK-NEXT: [[LESS:%.+]] = stablehlo.compare LT, [[X]], [[Y]], FLOAT
# CHECK-NEXT: [[NUMBER:%.+]] = stablehlo.compare EQ, [[X]], [[X]], FLOAT
# CHECK-NEXT: [[NAN:%.+]] = stablehlo.compare NE, [[Y]], [[Y]], FLOAT
# CHECK-NEXT: [[LAST:%.+]] = stablehlo.and [[NAN]], [[NUMBER]]
# CHECK-NEXT: stablehlo.or [[LESS]], [[LAST]]

stablehlo(lambda x: fr.topk(x, 2, dim=1), X, name="topk")
# CHECK-LABEL: func.func @topk(
# CHECK: [[SORTED:%.+]]:2 = "stablehlo.sort"
# CHECK: stablehlo.compare GT
# CHECK: stablehlo.slice [[SORTED]]#0 [0:2, 0:2]
# CHECK-NEXT: stablehlo.slice [[SORTED]]#1 [0:2, 0:2]

iree_input(lambda x: fr.sort(x)[0], INTEGERS, name="by_counting")
# CHECK-LABEL: func.func @by_counting(
# CHECK: [[X:%.+]] = stablehlo.broadcast_in_dim %arg0, dims = [0, 1] {{.*}} -> tensor<2x5x5xui8>
# CHECK-NEXT: [[Y:%.+]] = stablehlo.broadcast_in_dim %arg0, dims = [0, 2]
# CHECK: stablehlo.compare EQ, [[Y]], [[X]], UNSIGNED
# CHECK: stablehlo.compare LT, [[Y]], [[X]], UNSIGNED
# CHECK: stablehlo.reduce({{.*}} applies stablehlo.add across dimensions = [2]
# CHECK: stablehlo.reduce({{.*}} applies stablehlo.add across dimensions = [2]
# CHECK: "stablehlo.gather"

# op: cumsum
stablehlo(lambda x: fr.cumsum(x, dim=1), X, name="cumsum")
# CHECK-LABEL: func.func @cumsum(
# CHECK: "stablehlo.reduce_window"(%arg0, %{{.+}}) <{padding = dense<{{\[\[}}0, 0], [4, 0]]>
# CHECK-SAME: window_dimensions = array<i64: 1, 5>
# CHECK: stablehlo.add

iree_input(lambda x: fr.cumsum(x, dim=1), INTEGERS, name="cumsum_unsigned")
# CHECK-LABEL: func.func @cumsum_unsigned(
# CHECK: stablehlo.bitcast_convert %arg0 : (tensor<2x5xui8>) -> tensor<2x5xi8>
# CHECK: "stablehlo.reduce_window"
# CHECK: stablehlo.bitcast_convert %{{.+}} : (tensor<2x5xi8>) -> tensor<2x5xui8>
