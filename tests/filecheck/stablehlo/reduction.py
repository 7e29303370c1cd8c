# RUN: %python %s | filecheck %s
"""Reductions."""

import farrier as fr
from support.show import stablehlo


def of(dtype: fr.dtype) -> fr.InputInfo:
    return fr.InputInfo((2, 3, 5), dtype)


# op: sum
stablehlo(lambda x: fr.sum(x, dim=(0, 2)), of(fr.float32), name="sum")
# CHECK-LABEL: func.func @sum(
# CHECK-NEXT: [[ZERO:%.+]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
# CHECK-NEXT: stablehlo.reduce(%arg0 init: [[ZERO]]) applies stablehlo.add across
# CHECK-SAME: dimensions = [0, 2] : (tensor<2x3x5xf32>, tensor<f32>) -> tensor<3xf32>
# CHECK-NEXT: return
stablehlo(lambda x: fr.sum(x, dim=-1, keepdim=True), of(fr.bfloat16), name="sum_bfloat16")
# CHECK-LABEL: func.func @sum_bfloat16(
# CHECK-NEXT: [[WIDE:%.+]] = stablehlo.convert %arg0 : (tensor<2x3x5xbf16>) -> tensor<2x3x5xf32>
# CHECK: [[TOTAL:%.+]] = stablehlo.reduce([[WIDE]] init: %{{.+}}) applies stablehlo.add
# CHECK-NEXT: [[NARROW:%.+]] = stablehlo.convert [[TOTAL]] : (tensor<2x3xf32>) -> tensor<2x3xbf16>
# CHECK-NEXT: stablehlo.reshape [[NARROW]] : (tensor<2x3xbf16>) -> tensor<2x3x1xbf16>
# CHECK-NEXT: return
# op: prod
stablehlo(lambda x: fr.prod(x, dim=1), of(fr.int32), name="prod")
# CHECK-LABEL: func.func @prod(
# CHECK-NEXT: [[ONE:%.+]] = stablehlo.constant dense<1> : tensor<i32>
# CHECK-NEXT: stablehlo.reduce(%arg0 init: [[ONE]]) applies stablehlo.multiply
# CHECK-SAME: across dimensions = [1]
# CHECK-NEXT: return
# op: max
stablehlo(fr.max, of(fr.float32), name="max")
# CHECK-LABEL: func.func @max(
# CHECK-NEXT: [[LOWEST:%.+]] = stablehlo.constant dense<0xFF800000> : tensor<f32>
# CHECK-NEXT: stablehlo.reduce(%arg0 init: [[LOWEST]]) applies stablehlo.maximum
# CHECK-SAME: across dimensions = [0, 1, 2] : (tensor<2x3x5xf32>, tensor<f32>) -> tensor<f32>
# CHECK-NEXT: return
# op: min
stablehlo(fr.min, of(fr.uint8), name="min")
# CHECK-LABEL: func.func @min(
# CHECK-NEXT: [[HIGHEST:%.+]] = stablehlo.constant dense<255> : tensor<ui8>
# CHECK-NEXT: stablehlo.reduce(%arg0 init: [[HIGHEST]]) applies stablehlo.minimum
# CHECK: return
# op: all
stablehlo(fr.all, of(fr.bool), name="all")
# CHECK-LABEL: func.func @all(
# CHECK-NEXT: [[TRUE:%.+]] = stablehlo.constant dense<true> : tensor<i1>
# CHECK-NEXT: stablehlo.reduce(%arg0 init: [[TRUE]]) applies stablehlo.and
# CHECK: return
# op: any
stablehlo(fr.any, of(fr.bool), name="any")
# CHECK-LABEL: func.func @any(
# CHECK-NEXT: [[FALSE:%.+]] = stablehlo.constant dense<false> : tensor<i1>
# CHECK-NEXT: stablehlo.reduce(%arg0 init: [[FALSE]]) applies stablehlo.or
# CHECK: return
# op: argmax
stablehlo(lambda x: fr.argmax(x, dim=1), of(fr.float32), name="argmax")
# CHECK-LABEL: func.func @argmax(
# CHECK-NEXT: [[INDEX:%.+]] = stablehlo.iota dim = 1 : tensor<2x3x5xi32>
# CHECK: stablehlo.reduce(%arg0 init: %{{.+}}), ([[INDEX]] init: %{{.+}}) across dimensions = [1]
# CHECK: stablehlo.compare GT, [[X:%.+]], [[Y:%.+]], FLOAT
# CHECK: stablehlo.compare EQ, [[X]], [[Y]], FLOAT
# CHECK: stablehlo.compare NE, [[X]], [[X]], FLOAT
# CHECK: stablehlo.compare LT, %{{.+}}, %{{.+}}, SIGNED
# CHECK: stablehlo.return
# CHECK: return
# op: argmin
stablehlo(lambda x: fr.argmin(x, dim=1, keepdim=True), of(fr.int32), name="argmin")
# CHECK-LABEL: func.func @argmin(
# CHECK: stablehlo.reduce(%arg0 init: %{{.+}}), (%{{.+}} init: %{{.+}}) across dimensions = [1]
# CHECK: stablehlo.compare LT, %{{.+}}, %{{.+}}, SIGNED
# CHECK: stablehlo.return
# CHECK: stablehlo.reshape %{{.+}} : (tensor<2x5xi32>) -> tensor<2x1x5xi32>
# CHECK: return
