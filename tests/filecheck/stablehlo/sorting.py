# RUN: %python %s | filecheck %s
"""Sorting and cumulative sums."""

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

# op: top_k
stablehlo(lambda x: fr.topk(x, 2, dim=1), X, name="topk")
# CHECK-LABEL: func.func @topk(
# CHECK: [[SORTED:%.+]]:2 = "stablehlo.sort"
# CHECK: stablehlo.compare GT
# CHECK: stablehlo.slice [[SORTED]]#0 [0:2, 0:2]
# CHECK-NEXT: stablehlo.slice [[SORTED]]#1 [0:2, 0:2]

iree_input(lambda x: fr.sort(x)[0], INTEGERS, name="by_counting")
# CHECK-LABEL: func.func @by_counting(
# CHECK: [[KEY:%.+]] = stablehlo.add {{.*}} : tensor<2x5xi32>
# CHECK-NEXT: [[X:%.+]] = stablehlo.broadcast_in_dim [[KEY]], dims = [0, 1] {{.*}} -> tensor<2x5x5x
# CHECK-NEXT: [[Y:%.+]] = stablehlo.broadcast_in_dim [[KEY]], dims = [0, 2]
# CHECK: stablehlo.compare LT, [[Y]], [[X]], SIGNED
# CHECK: stablehlo.reduce({{.*}} applies stablehlo.add across dimensions = [2]
# CHECK: stablehlo.reduce({{.*}} applies stablehlo.add across dimensions = [2]
# CHECK: "stablehlo.gather"

iree_input(lambda x: fr.sort(x)[1], fr.InputInfo((3, 40), fr.float16), name="by_a_network")
# CHECK-LABEL: func.func @by_a_network(
# CHECK: [[KEY:%.+]] = stablehlo.convert {{.*}} : (tensor<3x40xi16>) -> tensor<3x40xi32>
# CHECK: stablehlo.shift_left [[KEY]],
# CHECK: stablehlo.concatenate {{.*}} (tensor<3x40xi32>, tensor<3x24xi32>) -> tensor<3x64xi32>
# CHECK: stablehlo.reshape {{.*}} -> tensor<48x2x2x1xi32>
# CHECK-NOT: reverse
# CHECK: stablehlo.minimum
# CHECK: stablehlo.maximum
# CHECK: stablehlo.slice {{.*}} [0:3, 0:40]

iree_input(lambda x: fr.sort(x), fr.InputInfo((2, 3), fr.int64), name="by_halves")
# CHECK-LABEL: func.func @by_halves(
# CHECK: stablehlo.and %arg0,
# CHECK: stablehlo.shift_right_arithmetic %arg0,
# CHECK-COUNT-4: stablehlo.reduce(
# CHECK-NOT: stablehlo.reduce(

iree_input(lambda x: fr.topk(x, 2), fr.InputInfo((1, 100), fr.int8), name="by_folding")
# CHECK-LABEL: func.func @by_folding(
# CHECK: [[FOLDED:%.+]] = stablehlo.reshape {{.*}} : (tensor<1x112xi32>) -> tensor<1x16x7xi32>
# CHECK: stablehlo.reduce([[FOLDED]] {{.*}} applies stablehlo.minimum across dimensions = [1]
# CHECK: "stablehlo.gather"{{.*}} -> tensor<1x16x2xi32>
# CHECK: "stablehlo.gather"{{.*}} -> tensor<1x2xi8>

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
