# RUN: %python %s | filecheck %s
"""Ops that create tensors."""

import farrier as fr
from support.show import stablehlo

# op: full
stablehlo(lambda: fr.full((1000, 1000), 0.5), name="full")
# CHECK-LABEL: func.func @full(
# CHECK-NEXT: stablehlo.constant dense<5.000000e-01> : tensor<1000x1000xf32>
# CHECK-NEXT: return
stablehlo(lambda: fr.ones((2, 3), fr.bool), name="ones")
# CHECK-LABEL: func.func @ones(
# CHECK-NEXT: stablehlo.constant dense<true> : tensor<2x3xi1>
# CHECK-NEXT: return
# op: iota
stablehlo(lambda: fr.iota((2, 3), -1, fr.int64), name="iota")
# CHECK-LABEL: func.func @iota(
# CHECK-NEXT: stablehlo.iota dim = 1 : tensor<2x3xi64>
# CHECK-NEXT: return
stablehlo(lambda: fr.arange(5), name="arange")
# CHECK-LABEL: func.func @arange(
# CHECK-NEXT: stablehlo.iota dim = 0 : tensor<5xf32>
# CHECK-NEXT: return
