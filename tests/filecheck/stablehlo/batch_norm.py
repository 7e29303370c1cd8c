# RUN: %python %s | filecheck %s
"""Batch norm with given statistics."""

import farrier as fr
from support.show import iree_input, stablehlo


def arguments(dtype: fr.dtype) -> list[fr.InputInfo]:
    return [fr.InputInfo((2, 3, 4), dtype), *[fr.InputInfo((3,), dtype)] * 4]


# op: batch_norm_inference
stablehlo(fr.batch_norm, *arguments(fr.float32), name="float32")
# CHECK-LABEL: func.func @float32(
# CHECK-NEXT: "stablehlo.batch_norm_inference"(%arg0, %arg1, %arg2, %arg3, %arg4)
# CHECK-SAME: <{epsilon = 9.99999974E-6 : f32, feature_index = 1 : i64}>
# CHECK-SAME: : (tensor<2x3x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>)
# CHECK-SAME: -> tensor<2x3x4xf32>
# CHECK-NEXT: return

# The epsilon attribute is 32 bits wide: for float64, epsilon is added to the variance instead.
stablehlo(fr.batch_norm, *arguments(fr.float64), name="float64")
# CHECK-LABEL: func.func @float64(
# CHECK-NEXT: stablehlo.constant dense<1.000000e-05> : tensor<3xf64>
# CHECK-NEXT: stablehlo.add %arg4, %{{\w+}} : tensor<3xf64>
# CHECK-NEXT: "stablehlo.batch_norm_inference"(%arg0, %arg1, %arg2, %arg3, %{{\w+}})
# CHECK-SAME: <{epsilon = 0.000000e+00 : f32, feature_index = 1 : i64}>
# CHECK-SAME: : (tensor<2x3x4xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>)
# CHECK-SAME: -> tensor<2x3x4xf64>
# CHECK-NEXT: return

# IREE refuses an epsilon that float16 cannot hold.
iree_input(fr.batch_norm, *arguments(fr.float16), name="float16")
# CHECK-LABEL: func.func @float16(
# CHECK-NEXT: stablehlo.convert %arg0 : (tensor<2x3x4xf16>) -> tensor<2x3x4xf32>
# CHECK-NEXT: stablehlo.convert %arg1 : (tensor<3xf16>) -> tensor<3xf32>
# CHECK-NEXT: stablehlo.convert %arg2 : (tensor<3xf16>) -> tensor<3xf32>
# CHECK-NEXT: stablehlo.convert %arg3 : (tensor<3xf16>) -> tensor<3xf32>
# CHECK-NEXT: stablehlo.convert %arg4 : (tensor<3xf16>) -> tensor<3xf32>
# CHECK-NEXT: "stablehlo.batch_norm_inference"(%{{\w+}}, %{{\w+}}, %{{\w+}}, %{{\w+}}, %{{\w+}})
# CHECK-SAME: <{epsilon = 9.99999974E-6 : f32, feature_index = 1 : i64}>
# CHECK-SAME: : (tensor<2x3x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>)
# CHECK-SAME: -> tensor<2x3x4xf32>
# CHECK-NEXT: stablehlo.convert %{{\w+}} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf16>
# CHECK-NEXT: return
