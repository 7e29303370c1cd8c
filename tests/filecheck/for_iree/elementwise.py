# RUN: %python %s | filecheck %s
"""IREE's forms of elementwise ops that it lacks or computes inexactly."""

import farrier as fr
from support.show import iree_input


def of(dtype: fr.dtype) -> fr.InputInfo:
    return fr.InputInfo((2, 3), dtype)


iree_input(fr.add, of(fr.bool), of(fr.bool), name="add_bool")
# CHECK-LABEL: func.func @add_bool(
# CHECK: stablehlo.or %{{\w+}}, %{{\w+}} : tensor<2x3xi1>
# CHECK-NEXT: return

# IREE refuses to fuse bools loaded from memory with a matrix product: they are loaded as bytes.
iree_input(lambda x: fr.where(x, 1.0, 2.0), of(fr.bool), name="bool_input")
# CHECK-LABEL: func.func @bool_input(
# CHECK-NEXT: [[ONE:%.+]] = stablehlo.constant dense<1> : tensor<2x3xi8>
# CHECK-NEXT: [[ZERO:%.+]] = stablehlo.constant dense<0> : tensor<2x3xi8>
# CHECK-NEXT: [[BYTES:%.+]] = stablehlo.select %arg0, [[ONE]], [[ZERO]]
# CHECK-NEXT: [[DONE:%.+]] = stablehlo.optimization_barrier [[BYTES]] : tensor<2x3xi8>
# CHECK: stablehlo.compare NE, [[DONE]], %{{\w+}}
iree_input(lambda: fr.Tensor([True, False]), name="bool_constant")
# CHECK-LABEL: func.func @bool_constant(
# CHECK-NEXT: [[BYTES:%.+]] = stablehlo.constant dense<[1, 0]> : tensor<2xi8>
# CHECK-NEXT: [[DONE:%.+]] = stablehlo.optimization_barrier [[BYTES]] : tensor<2xi8>
# CHECK: stablehlo.compare NE, [[DONE]], %{{\w+}}
# CHECK-NEXT: return
iree_input(lambda x: fr.cast(x, fr.int8), of(fr.float32), name="saturating")
# CHECK-LABEL: func.func @saturating(
# CHECK: [[LOW:%.+]] = stablehlo.constant dense<-1.280000e+02>
# CHECK-NEXT: [[ABOVE:%.+]] = stablehlo.maximum %arg0, [[LOW]]
# CHECK-NEXT: [[HIGH:%.+]] = stablehlo.constant dense<1.270000e+02>
# CHECK-NEXT: [[INSIDE:%.+]] = stablehlo.minimum [[ABOVE]], [[HIGH]]
# CHECK: [[NUMBER:%.+]] = stablehlo.select %{{.+}}, [[INSIDE]]
# CHECK-NEXT: stablehlo.convert [[NUMBER]] : (tensor<2x3xf32>) -> tensor<2x3xi8>
# CHECK-NEXT: return
iree_input(lambda x: fr.cast(x, fr.int32), of(fr.float32), name="saturating_inexact")
# CHECK-LABEL: func.func @saturating_inexact(
# CHECK: stablehlo.constant dense<2.14748352E+9> : tensor<2x3xf32>
# CHECK: [[INSIDE:%.+]] = stablehlo.convert
# CHECK: [[BEYOND:%.+]] = stablehlo.compare GT, %arg0
# CHECK: [[HIGHEST:%.+]] = stablehlo.constant dense<2147483647> : tensor<2x3xi32>
# CHECK-NEXT: stablehlo.select [[BEYOND]], [[HIGHEST]], [[INSIDE]]
# CHECK-NEXT: return
iree_input(lambda x: fr.cast(x, fr.float32), of(fr.uint8), name="unsigned_widened")
# CHECK-LABEL: func.func @unsigned_widened(
# CHECK-NEXT: [[BITS:%.+]] = stablehlo.bitcast_convert %arg0 : (tensor<2x3xui8>) -> tensor<2x3xi8>
# CHECK-NEXT: [[WIDE:%.+]] = stablehlo.convert [[BITS]] : (tensor<2x3xi8>) -> tensor<2x3xi32>
# CHECK-NEXT: [[MASK:%.+]] = stablehlo.constant dense<255> : tensor<2x3xi32>
# CHECK-NEXT: [[NUMBER:%.+]] = stablehlo.and [[WIDE]], [[MASK]]
# CHECK-NEXT: stablehlo.convert [[NUMBER]] : (tensor<2x3xi32>) -> tensor<2x3xf32>
# CHECK-NEXT: return
iree_input(lambda x: fr.cast(x, fr.float64), of(fr.float8), name="float8_widened")
# CHECK-LABEL: func.func @float8_widened(
# CHECK-NEXT: stablehlo.bitcast_convert %arg0 : (tensor<2x3xf8E4M3FN>) -> tensor<2x3xi8>
# CHECK: stablehlo.bitcast_convert %{{.+}} : (tensor<2x3xi16>) -> tensor<2x3xf16>
# CHECK: stablehlo.constant dense<0x49800000> : tensor<2x3xf32>
# CHECK-NEXT: [[LARGE:%.+]] = stablehlo.multiply %{{.+}} : tensor<2x3xf32>
# CHECK-NEXT: [[FACTOR:%.+]] = stablehlo.constant dense<2.44140625E-4> : tensor<2x3xf32>
# CHECK-NEXT: [[WIDE:%.+]] = stablehlo.multiply [[LARGE]], [[FACTOR]] : tensor<2x3xf32>
# CHECK: [[NUMBER:%.+]] = stablehlo.select %{{.+}}, [[WIDE]]
# CHECK-NEXT: stablehlo.convert [[NUMBER]] : (tensor<2x3xf32>) -> tensor<2x3xf64>
# CHECK-NEXT: return
# IREE lowers conversion to bfloat16 to calls of `__truncsfbf2`, or drops it.
iree_input(lambda x: fr.cast(x, fr.bfloat16), of(fr.int32), name="bfloat16_of_integers")
# CHECK-LABEL: func.func @bfloat16_of_integers(
# CHECK-NEXT: [[WIDE:%.+]] = stablehlo.convert %arg0 : (tensor<2x3xi32>) -> tensor<2x3xf32>
# CHECK-NEXT: [[BITS:%.+]] = stablehlo.bitcast_convert [[WIDE]]
# CHECK: [[UPPER:%.+]] = stablehlo.shift_right_arithmetic [[BITS]], %{{\w+}} : tensor<2x3xi32>
# CHECK: [[ODD:%.+]] = stablehlo.and [[UPPER]], %{{\w+}} : tensor<2x3xi32>
# CHECK-NEXT: [[SUM:%.+]] = stablehlo.add [[BITS]], [[ODD]] : tensor<2x3xi32>
# CHECK-NEXT: [[HALF:%.+]] = stablehlo.constant dense<32767> : tensor<2x3xi32>
# CHECK-NEXT: [[ROUNDED:%.+]] = stablehlo.add [[SUM]], [[HALF]] : tensor<2x3xi32>
# CHECK: [[SHIFTED:%.+]] = stablehlo.shift_right_arithmetic [[ROUNDED]], %{{\w+}} : tensor<2x3xi32>
# CHECK-NEXT: [[SHORT:%.+]] = stablehlo.convert [[SHIFTED]] : (tensor<2x3xi32>) -> tensor<2x3xi16>
# CHECK-NEXT: [[NUMBER:%.+]] = stablehlo.compare EQ, [[WIDE]], [[WIDE]], FLOAT
# CHECK-NEXT: [[NAN:%.+]] = stablehlo.constant dense<32704> : tensor<2x3xi16>
# CHECK-NEXT: [[RESULT:%.+]] = stablehlo.select [[NUMBER]], [[SHORT]], [[NAN]]
# CHECK-NEXT: stablehlo.bitcast_convert [[RESULT]] : (tensor<2x3xi16>) -> tensor<2x3xbf16>
# CHECK-NEXT: return
iree_input(lambda x: fr.cast(x, fr.bfloat16), of(fr.float64), name="bfloat16_of_float64")
# CHECK-LABEL: func.func @bfloat16_of_float64(
# CHECK-NEXT: stablehlo.convert %arg0 : (tensor<2x3xf64>) -> tensor<2x3xf32>
# CHECK: stablehlo.bitcast_convert %{{.+}} : (tensor<2x3xi16>) -> tensor<2x3xbf16>
# CHECK-NEXT: return
iree_input(lambda: fr.iota((2, 3), 1, fr.bfloat16), name="bfloat16_iota")
# CHECK-LABEL: func.func @bfloat16_iota(
# CHECK-NEXT: [[COUNT:%.+]] = stablehlo.iota dim = 1 : tensor<2x3xi32>
# CHECK-NEXT: stablehlo.convert [[COUNT]] : (tensor<2x3xi32>) -> tensor<2x3xf32>
# CHECK: stablehlo.bitcast_convert %{{.+}} : (tensor<2x3xi16>) -> tensor<2x3xbf16>
# CHECK-NEXT: return
# Rounding to odd in float32 keeps the discarded bits significant when float16 is rounded.
iree_input(lambda x: fr.cast(x, fr.float16), of(fr.float64), name="float16_of_float64")
# CHECK-LABEL: func.func @float16_of_float64(
# CHECK-NEXT: [[BITS:%.+]] = stablehlo.bitcast_convert %arg0 : (tensor<2x3xf64>) -> tensor<2x3xi64>
# CHECK: [[CUT:%.+]] = stablehlo.and [[BITS]], %{{.+}} : tensor<2x3xi64>
# CHECK: [[STICKY:%.+]] = stablehlo.add [[CUT]], %{{.+}} : tensor<2x3xi64>
# CHECK-NEXT: [[MARKED:%.+]] = stablehlo.or [[BITS]], [[STICKY]] : tensor<2x3xi64>
# CHECK-NEXT: [[KEPT:%.+]] = stablehlo.constant dense<-536870912> : tensor<2x3xi64>
# CHECK-NEXT: [[ODD:%.+]] = stablehlo.and [[MARKED]], [[KEPT]] : tensor<2x3xi64>
# CHECK-NEXT: [[SHORT:%.+]] = stablehlo.bitcast_convert [[ODD]]
# CHECK-NEXT: [[WIDE:%.+]] = stablehlo.convert [[SHORT]] : (tensor<2x3xf64>) -> tensor<2x3xf32>
# CHECK-NEXT: stablehlo.convert [[WIDE]] : (tensor<2x3xf32>) -> tensor<2x3xf16>
# CHECK-NEXT: return
iree_input(fr.power, of(fr.float32), of(fr.float32), name="power")
# CHECK-LABEL: func.func @power(
# CHECK: [[SIZE:%.+]] = stablehlo.abs %arg0
# CHECK: stablehlo.power [[SIZE]], %arg1
# CHECK: return
iree_input(fr.power, of(fr.int8), of(fr.int8), name="integer_power")
# CHECK-LABEL: func.func @integer_power(
# CHECK-NOT: stablehlo.power
# CHECK: stablehlo.constant dense<64> : tensor<i8>
# CHECK: return
iree_input(fr.tanh, of(fr.float64), name="tanh")
# CHECK-LABEL: func.func @tanh(
# CHECK-NOT: stablehlo.tanh
# CHECK: stablehlo.divide %{{.+}} : tensor<2x3xf64>
# CHECK: return
iree_input(fr.sin, of(fr.float16), name="sin_float16")
# CHECK-LABEL: func.func @sin_float16(
# CHECK-NEXT: stablehlo.convert %arg0 : (tensor<2x3xf16>) -> tensor<2x3xf32>
# CHECK-NOT: stablehlo.sine
# CHECK: stablehlo.convert %{{.+}} : (tensor<2x3xf32>) -> tensor<2x3xf16>
# CHECK-NEXT: return
iree_input(fr.remainder, of(fr.float64), of(fr.float64), name="remainder")
# CHECK-LABEL: func.func @remainder(
# CHECK-NOT: stablehlo.remainder %{{\w+}}, %{{\w+}} : tensor<2x3xf64>
# CHECK: return
