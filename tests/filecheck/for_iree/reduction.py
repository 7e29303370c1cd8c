# RUN: %python %s | filecheck %s
"""IREE's forms of reductions."""

import farrier as fr
from support.show import iree_input

iree_input(lambda x: fr.argmax(x, dim=1), fr.InputInfo((2, 3), fr.float32), name="argmax")
# CHECK-LABEL: func.func @argmax(
# CHECK: [[LARGEST:%.+]] = stablehlo.reduce(%arg0 init: %{{.+}}) applies stablehlo.maximum
# CHECK-NEXT: [[ROWS:%.+]] = stablehlo.broadcast_in_dim [[LARGEST]], dims = [0]
# CHECK-NEXT: stablehlo.compare EQ, %arg0, [[ROWS]], FLOAT
# CHECK-NEXT: stablehlo.compare NE, %arg0, %arg0, FLOAT
# CHECK-NEXT: [[FOUND:%.+]] = stablehlo.or
# CHECK-NEXT: [[INDEX:%.+]] = stablehlo.iota dim = 1 : tensor<2x3xi32>
# CHECK: [[PLACE:%.+]] = stablehlo.select [[FOUND]], [[INDEX]]
# CHECK: stablehlo.reduce([[PLACE]] init: %{{.+}}) applies stablehlo.minimum
# CHECK: return
