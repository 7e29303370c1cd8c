# RUN: %python %s | filecheck %s
"""Pooling: reductions over windows."""

import farrier as fr
from farrier.tensor import apply
from farrier_compiler.ops.pooling import SumPool
from support.show import iree_input, stablehlo


def of(*shape: int, dtype: fr.dtype = fr.float32) -> fr.InputInfo:
    return fr.InputInfo(shape, dtype)


# op: max_pool
stablehlo(lambda x: fr.maxpool(x, (2, 3), (2, 1), ((0, 1), (1, 1))), of(2, 3, 7, 6), name="max_2d")
# CHECK-LABEL: func.func @max_2d(
# CHECK-NEXT: stablehlo.constant dense<0xFF800000> : tensor<f32>
# CHECK-NEXT: "stablehlo.reduce_window"(%arg0, %{{\w+}})
# CHECK-SAME: <{padding = dense<{{\[\[}}0, 0], [0, 0], [0, 1], [1, 1]]> : tensor<4x2xi64>,
# CHECK-SAME: window_dilations = array<i64: 1, 1, 1, 1>, window_dimensions = array<i64: 1, 1, 2, 3>,
# CHECK-SAME: window_strides = array<i64: 1, 1, 2, 1>
# CHECK: stablehlo.maximum
# CHECK: return
stablehlo(lambda x: fr.maxpool(x, (3,)), of(2, 3, 9, dtype=fr.int8), name="max_1d_int8")
# CHECK-LABEL: func.func @max_1d_int8(
# CHECK-NEXT: stablehlo.constant dense<-128> : tensor<i8>
# CHECK-NEXT: "stablehlo.reduce_window"(%arg0, %{{\w+}})
# CHECK-SAME: <{padding = dense<0> : tensor<3x2xi64>, window_dilations = array<i64: 1, 1, 1>,
# CHECK-SAME: window_dimensions = array<i64: 1, 1, 3>, window_strides = array<i64: 1, 1, 1>
# CHECK: stablehlo.maximum
# CHECK: return
stablehlo(lambda x: fr.maxpool(x, (2,)), of(2, 3, 9, dtype=fr.uint8), name="max_1d_uint8")
# CHECK-LABEL: func.func @max_1d_uint8(
# CHECK-NEXT: stablehlo.constant dense<0> : tensor<ui8>
# CHECK-NEXT: "stablehlo.reduce_window"(%arg0, %{{\w+}})
# CHECK-SAME: <{padding = dense<0> : tensor<3x2xi64>, window_dilations = array<i64: 1, 1, 1>,
# CHECK-SAME: window_dimensions = array<i64: 1, 1, 2>, window_strides = array<i64: 1, 1, 1>
# CHECK: stablehlo.maximum
# CHECK: return

# op: sum_pool
pool = SumPool((1, 1, 2), (1, 1, 1), ((0, 0), (0, 0), (1, 0)), (1, 1, 2))
stablehlo(lambda x: apply(pool, x), of(2, 3, 9), name="sum_dilated")
# CHECK-LABEL: func.func @sum_dilated(
# CHECK-NEXT: stablehlo.constant dense<0.000000e+00> : tensor<f32>
# CHECK-NEXT: "stablehlo.reduce_window"(%arg0, %{{\w+}})
# CHECK-SAME: <{padding = dense<{{\[\[}}0, 0], [0, 0], [1, 0]]> : tensor<3x2xi64>,
# CHECK-SAME: window_dilations = array<i64: 1, 1, 2>, window_dimensions = array<i64: 1, 1, 2>,
# CHECK-SAME: window_strides = array<i64: 1, 1, 1>
# CHECK: stablehlo.add
# CHECK: return

stablehlo(lambda x: fr.avgpool(x, (2, 2)), of(1, 1, 4, 4), name="mean")
# CHECK-LABEL: func.func @mean(
# CHECK-NEXT: stablehlo.constant dense<0.000000e+00> : tensor<f32>
# CHECK-NEXT: "stablehlo.reduce_window"(%arg0, %{{\w+}})
# CHECK-SAME: <{padding = dense<0> : tensor<4x2xi64>, window_dilations = array<i64: 1, 1, 1, 1>,
# CHECK-SAME: window_dimensions = array<i64: 1, 1, 2, 2>, window_strides = array<i64: 1, 1, 1, 1>
# CHECK: stablehlo.add
# CHECK: stablehlo.constant dense<4.000000e+00> : tensor<f32>
# CHECK-NEXT: stablehlo.broadcast_in_dim %{{\w+}}, dims = [] : (tensor<f32>) -> tensor<1x1x3x3xf32>
# CHECK-NEXT: stablehlo.divide %{{\w+}}, %{{\w+}} : tensor<1x1x3x3xf32>
# CHECK-NEXT: return
stablehlo(
    lambda x: fr.avgpool(x, (2,), padding=((1, 0),), count_include_pad=False),
    of(1, 1, 2),
    name="mean_inside",
)
# CHECK-LABEL: func.func @mean_inside(
# CHECK-NEXT: stablehlo.constant dense<0.000000e+00> : tensor<f32>
# CHECK-NEXT: "stablehlo.reduce_window"(%arg0, %{{\w+}})
# CHECK-SAME: <{padding = dense<{{\[\[}}0, 0], [0, 0], [1, 0]]> : tensor<3x2xi64>,
# CHECK-SAME: window_dilations = array<i64: 1, 1, 1>, window_dimensions = array<i64: 1, 1, 2>,
# CHECK-SAME: window_strides = array<i64: 1, 1, 1>
# CHECK: stablehlo.add
# CHECK: stablehlo.constant dense<{{\[\[}}[1.000000e+00, 2.000000e+00]]]> : tensor<1x1x2xf32>
# CHECK-NEXT: stablehlo.divide %{{\w+}}, %{{\w+}} : tensor<1x1x2xf32>
# CHECK-NEXT: return

# IREE would round 16-bit sums at every step.
iree_input(lambda x: apply(pool, x), of(2, 3, 9, dtype=fr.float16), name="sum_float16")
# CHECK-LABEL: func.func @sum_float16(
# CHECK-NEXT: stablehlo.convert %arg0 : (tensor<2x3x9xf16>) -> tensor<2x3x9xf32>
# CHECK-NEXT: stablehlo.constant dense<0.000000e+00> : tensor<f32>
# CHECK-NEXT: "stablehlo.reduce_window"(%{{\w+}}, %{{\w+}})
# CHECK-SAME: <{padding = dense<{{\[\[}}0, 0], [0, 0], [1, 0]]> : tensor<3x2xi64>,
# CHECK-SAME: window_dilations = array<i64: 1, 1, 2>, window_dimensions = array<i64: 1, 1, 2>,
# CHECK-SAME: window_strides = array<i64: 1, 1, 1>
# CHECK: stablehlo.add
# CHECK: stablehlo.convert %{{\w+}} : (tensor<2x3x8xf32>) -> tensor<2x3x8xf16>
# CHECK-NEXT: return
