# RUN: %python %s | filecheck %s
"""Ops that rearrange elements."""

import farrier as fr
from farrier.tensor import apply
from farrier_compiler.ops.shape import Pad
from support.show import iree_input, stablehlo

X = fr.InputInfo((2, 3, 4), fr.float32)
BYTES = fr.InputInfo((2, 3, 4), fr.uint8)
SCALAR = fr.InputInfo((), fr.float32)

# op: reshape
stablehlo(lambda x: fr.reshape(x, (4, -1)), X, name="reshape")
# CHECK-LABEL: func.func @reshape(
# CHECK-NEXT: stablehlo.reshape %arg0 : (tensor<2x3x4xf32>) -> tensor<4x6xf32>
# CHECK-NEXT: return

# op: transpose
stablehlo(lambda x: fr.permute(x, (2, 0, 1)), X, name="permute")
# CHECK-LABEL: func.func @permute(
# CHECK-NEXT: stablehlo.transpose %arg0, dims = [2, 0, 1] : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
# CHECK-NEXT: return

# op: broadcast
stablehlo(lambda x: fr.expand(x, (5, -1, 3, 4)), X, name="expand")
# CHECK-LABEL: func.func @expand(
# CHECK-NEXT: stablehlo.broadcast_in_dim %arg0, dims = [1, 2, 3]
# CHECK-SAME: : (tensor<2x3x4xf32>) -> tensor<5x2x3x4xf32>
# CHECK-NEXT: return

# op: slice
stablehlo(lambda x: x[:, 1, ::2], X, name="slices")
# CHECK-LABEL: func.func @slices(
# CHECK-NEXT: stablehlo.slice %arg0 [0:2, 1:2, 0:3:2] : (tensor<2x3x4xf32>) -> tensor<2x1x2xf32>
# CHECK-NEXT: stablehlo.reshape %{{\w+}} : (tensor<2x1x2xf32>) -> tensor<2x2xf32>
# CHECK-NEXT: return

# op: reverse
stablehlo(lambda x: x[::-1], X, name="reverse")
# CHECK-LABEL: func.func @reverse(
# CHECK-NEXT: stablehlo.reverse %arg0, dims = [0] : tensor<2x3x4xf32>
# CHECK-NEXT: return

# op: concatenate
stablehlo(
    lambda x, y: fr.concatenate([x, y], 1),
    X,
    fr.InputInfo((2, 5, 4), fr.float32),
    name="concatenate",
)
# CHECK-LABEL: func.func @concatenate(
# CHECK-NEXT: stablehlo.concatenate %arg0, %arg1, dim = 1
# CHECK-SAME: : (tensor<2x3x4xf32>, tensor<2x5x4xf32>) -> tensor<2x8x4xf32>
# CHECK-NEXT: return

# op: pad
stablehlo(lambda x: fr.pad(x, ((1, 0), (0, -2), (3, 3)), value=2), X, name="pad")
# CHECK-LABEL: func.func @pad(
# CHECK-NEXT: stablehlo.constant dense<2.000000e+00> : tensor<f32>
# CHECK-NEXT: stablehlo.pad %arg0, %{{\w+}}, low = [1, 0, 3], high = [0, -2, 3],
# CHECK-SAME: interior = [0, 0, 0] : (tensor<2x3x4xf32>, tensor<f32>) -> tensor<3x1x10xf32>
# CHECK-NEXT: return
stablehlo(
    lambda x, v: apply(Pad((0, 1, 0), (0, 0, 0), (2, 0, 0)), x, v), X, SCALAR, name="interior"
)
# CHECK-LABEL: func.func @interior(
# CHECK-NEXT: stablehlo.pad %arg0, %arg1, low = [0, 1, 0], high = [0, 0, 0], interior = [2, 0, 0]
# CHECK-SAME: : (tensor<2x3x4xf32>, tensor<f32>) -> tensor<4x4x4xf32>
# CHECK-NEXT: return

# op: optimization_barrier
stablehlo(lambda x: fr.rms_norm(x, 4), X, name="barrier")
# CHECK-LABEL: func.func @barrier(
# CHECK-NEXT: stablehlo.optimization_barrier %arg0 : tensor<2x3x4xf32>
# CHECK: stablehlo.optimization_barrier %{{\w+}} : tensor<2x3x4xf32>
# CHECK-NEXT: return

# IREE cannot legalize the reversal of unsigned integers.
iree_input(lambda x: x[::-1], BYTES, name="reverse_uint8")
# CHECK-LABEL: func.func @reverse_uint8(
# CHECK-NEXT: stablehlo.bitcast_convert %arg0 : (tensor<2x3x4xui8>) -> tensor<2x3x4xi8>
# CHECK-NEXT: stablehlo.reverse %{{\w+}}, dims = [0] : tensor<2x3x4xi8>
# CHECK-NEXT: stablehlo.bitcast_convert %{{\w+}} : (tensor<2x3x4xi8>) -> tensor<2x3x4xui8>
# CHECK-NEXT: return
