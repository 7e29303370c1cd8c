# RUN: %python %s | filecheck %s
"""Elementwise ops, one table row each, with numpy's broadcasting."""

import farrier as fr
from support.show import stablehlo

X = fr.InputInfo((2, 3), fr.float32)
ROW = fr.InputInfo((3,), fr.float32)
SIGNED = fr.InputInfo((2, 3), fr.int32)
UNSIGNED = fr.InputInfo((2, 3), fr.uint8)
BOOL = fr.InputInfo((2, 3), fr.bool)

# op: abs
stablehlo(fr.abs, X, name="abs")
# CHECK-LABEL: func.func @abs(
# CHECK-NEXT: stablehlo.abs %arg0 : tensor<2x3xf32>
# CHECK-NEXT: return
# op: negative
stablehlo(fr.negative, X, name="negative")
# CHECK-LABEL: func.func @negative(
# CHECK-NEXT: stablehlo.negate %arg0 : tensor<2x3xf32>
# CHECK-NEXT: return
# op: sign
stablehlo(fr.sign, X, name="sign")
# CHECK-LABEL: func.func @sign(
# CHECK-NEXT: stablehlo.sign %arg0 : tensor<2x3xf32>
# CHECK-NEXT: return
# op: exp
stablehlo(fr.exp, X, name="exp")
# CHECK-LABEL: func.func @exp(
# CHECK-NEXT: stablehlo.exponential %arg0 : tensor<2x3xf32>
# CHECK-NEXT: return
# op: expm1
stablehlo(fr.expm1, X, name="expm1")
# CHECK-LABEL: func.func @expm1(
# CHECK-NEXT: stablehlo.exponential_minus_one %arg0 : tensor<2x3xf32>
# CHECK-NEXT: return
# op: log
stablehlo(fr.log, X, name="log")
# CHECK-LABEL: func.func @log(
# CHECK-NEXT: stablehlo.log %arg0 : tensor<2x3xf32>
# CHECK-NEXT: return
# op: log1p
stablehlo(fr.log1p, X, name="log1p")
# CHECK-LABEL: func.func @log1p(
# CHECK-NEXT: stablehlo.log_plus_one %arg0 : tensor<2x3xf32>
# CHECK-NEXT: return
# op: sqrt
stablehlo(fr.sqrt, X, name="sqrt")
# CHECK-LABEL: func.func @sqrt(
# CHECK-NEXT: stablehlo.sqrt %arg0 : tensor<2x3xf32>
# CHECK-NEXT: return
# op: rsqrt
stablehlo(fr.rsqrt, X, name="rsqrt")
# CHECK-LABEL: func.func @rsqrt(
# CHECK-NEXT: stablehlo.rsqrt %arg0 : tensor<2x3xf32>
# CHECK-NEXT: return
# op: sin
stablehlo(fr.sin, X, name="sin")
# CHECK-LABEL: func.func @sin(
# CHECK-NEXT: stablehlo.sine %arg0 : tensor<2x3xf32>
# CHECK-NEXT: return
# op: cos
stablehlo(fr.cos, X, name="cos")
# CHECK-LABEL: func.func @cos(
# CHECK-NEXT: stablehlo.cosine %arg0 : tensor<2x3xf32>
# CHECK-NEXT: return
# op: tan
stablehlo(fr.tan, X, name="tan")
# CHECK-LABEL: func.func @tan(
# CHECK-NEXT: stablehlo.tan %arg0 : tensor<2x3xf32>
# CHECK-NEXT: return
# op: tanh
stablehlo(fr.tanh, X, name="tanh")
# CHECK-LABEL: func.func @tanh(
# CHECK-NEXT: stablehlo.tanh %arg0 : tensor<2x3xf32>
# CHECK-NEXT: return
# op: sigmoid
stablehlo(fr.sigmoid, X, name="sigmoid")
# CHECK-LABEL: func.func @sigmoid(
# CHECK-NEXT: stablehlo.logistic %arg0 : tensor<2x3xf32>
# CHECK-NEXT: return
# op: floor
stablehlo(fr.floor, X, name="floor")
# CHECK-LABEL: func.func @floor(
# CHECK-NEXT: stablehlo.floor %arg0 : tensor<2x3xf32>
# CHECK-NEXT: return
# op: ceil
stablehlo(fr.ceil, X, name="ceil")
# CHECK-LABEL: func.func @ceil(
# CHECK-NEXT: stablehlo.ceil %arg0 : tensor<2x3xf32>
# CHECK-NEXT: return
# op: round
stablehlo(fr.round, X, name="round")
# CHECK-LABEL: func.func @round(
# CHECK-NEXT: stablehlo.round_nearest_even %arg0 : tensor<2x3xf32>
# CHECK-NEXT: return
# op: erf
stablehlo(fr.erf, X, name="erf")
# CHECK-LABEL: func.func @erf(
# CHECK-NEXT: chlo.erf %arg0 : tensor<2x3xf32> -> tensor<2x3xf32>
# CHECK-NEXT: return
# op: acos
stablehlo(fr.acos, X, name="acos")
# CHECK-LABEL: func.func @acos(
# CHECK-NEXT: chlo.acos %arg0 : tensor<2x3xf32> -> tensor<2x3xf32>
# CHECK-NEXT: return
# op: acosh
stablehlo(fr.acosh, X, name="acosh")
# CHECK-LABEL: func.func @acosh(
# CHECK-NEXT: chlo.acosh %arg0 : tensor<2x3xf32> -> tensor<2x3xf32>
# CHECK-NEXT: return
# op: asin
stablehlo(fr.asin, X, name="asin")
# CHECK-LABEL: func.func @asin(
# CHECK-NEXT: chlo.asin %arg0 : tensor<2x3xf32> -> tensor<2x3xf32>
# CHECK-NEXT: return
# op: asinh
stablehlo(fr.asinh, X, name="asinh")
# CHECK-LABEL: func.func @asinh(
# CHECK-NEXT: chlo.asinh %arg0 : tensor<2x3xf32> -> tensor<2x3xf32>
# CHECK-NEXT: return
# op: atan
stablehlo(fr.atan, X, name="atan")
# CHECK-LABEL: func.func @atan(
# CHECK-NEXT: chlo.atan %arg0 : tensor<2x3xf32> -> tensor<2x3xf32>
# CHECK-NEXT: return
# op: atanh
stablehlo(fr.atanh, X, name="atanh")
# CHECK-LABEL: func.func @atanh(
# CHECK-NEXT: chlo.atanh %arg0 : tensor<2x3xf32> -> tensor<2x3xf32>
# CHECK-NEXT: return
# op: cosh
stablehlo(fr.cosh, X, name="cosh")
# CHECK-LABEL: func.func @cosh(
# CHECK-NEXT: chlo.cosh %arg0 : tensor<2x3xf32> -> tensor<2x3xf32>
# CHECK-NEXT: return
# op: erfc
stablehlo(fr.erfc, X, name="erfc")
# CHECK-LABEL: func.func @erfc(
# CHECK-NEXT: chlo.erfc %arg0 : tensor<2x3xf32> -> tensor<2x3xf32>
# CHECK-NEXT: return
# op: sinh
stablehlo(fr.sinh, X, name="sinh")
# CHECK-LABEL: func.func @sinh(
# CHECK-NEXT: chlo.sinh %arg0 : tensor<2x3xf32> -> tensor<2x3xf32>
# CHECK-NEXT: return
# op: cbrt
stablehlo(fr.cbrt, X, name="cbrt")
# CHECK-LABEL: func.func @cbrt(
# CHECK-NEXT: stablehlo.cbrt %arg0 : tensor<2x3xf32>
# CHECK-NEXT: return
# StableHLO has no op for these.
# op: exp2
stablehlo(fr.exp2, X, name="exp2")
# CHECK-LABEL: func.func @exp2(
# CHECK: stablehlo.round_nearest_even
# CHECK: return
# op: log2
stablehlo(fr.log2, X, name="log2")
# CHECK-LABEL: func.func @log2(
# CHECK: stablehlo.log %arg0
# CHECK: return
# op: log10
stablehlo(lambda x: fr.log10(fr.cast(x, fr.float16)), X, name="log10")
# CHECK-LABEL: func.func @log10(
# CHECK: stablehlo.convert %{{.+}} : (tensor<2x3xf16>) -> tensor<2x3xf32>
# CHECK: stablehlo.convert %{{.+}} : (tensor<2x3xf32>) -> tensor<2x3xf16>
# CHECK-NEXT: return
# op: logaddexp
stablehlo(fr.logaddexp, X, X, name="logaddexp")
# CHECK-LABEL: func.func @logaddexp(
# CHECK: stablehlo.exponential
# CHECK: return
# op: hypot
stablehlo(fr.hypot, X, X, name="hypot")
# CHECK-LABEL: func.func @hypot(
# CHECK: stablehlo.sqrt
# CHECK: return
# op: isfinite
stablehlo(fr.isfinite, X, name="isfinite")
# CHECK-LABEL: func.func @isfinite(
# CHECK-NEXT: stablehlo.is_finite %arg0 : (tensor<2x3xf32>) -> tensor<2x3xi1>
# CHECK-NEXT: return
# op: bitwise_not
stablehlo(fr.bitwise_not, BOOL, name="bitwise_not")
# CHECK-LABEL: func.func @bitwise_not(
# CHECK-NEXT: stablehlo.not %arg0 : tensor<2x3xi1>
# CHECK-NEXT: return
stablehlo(fr.abs, UNSIGNED, name="abs_unsigned")
# CHECK-LABEL: func.func @abs_unsigned(
# CHECK-NEXT: return %arg0
stablehlo(fr.sign, UNSIGNED, name="sign_unsigned")
# CHECK-LABEL: func.func @sign_unsigned(
# CHECK-NEXT: [[ONE:%.+]] = stablehlo.constant dense<1> : tensor<2x3xui8>
# CHECK-NEXT: stablehlo.minimum %arg0, [[ONE]] : tensor<2x3xui8>
# CHECK-NEXT: return

# op: add
stablehlo(fr.add, X, ROW, name="add")
# CHECK-LABEL: func.func @add(
# CHECK-NEXT: [[ROW:%.+]] = stablehlo.broadcast_in_dim %arg1, dims = [1]
# CHECK-NEXT: stablehlo.add %arg0, [[ROW]] : tensor<2x3xf32>
# CHECK-NEXT: return
# op: subtract
stablehlo(fr.subtract, X, ROW, name="subtract")
# CHECK-LABEL: func.func @subtract(
# CHECK-NEXT: [[ROW:%.+]] = stablehlo.broadcast_in_dim %arg1, dims = [1]
# CHECK-NEXT: stablehlo.subtract %arg0, [[ROW]] : tensor<2x3xf32>
# CHECK-NEXT: return
# op: multiply
stablehlo(fr.multiply, X, ROW, name="multiply")
# CHECK-LABEL: func.func @multiply(
# CHECK-NEXT: [[ROW:%.+]] = stablehlo.broadcast_in_dim %arg1, dims = [1]
# CHECK-NEXT: stablehlo.multiply %arg0, [[ROW]] : tensor<2x3xf32>
# CHECK-NEXT: return
# op: divide
stablehlo(fr.divide, X, ROW, name="divide")
# CHECK-LABEL: func.func @divide(
# CHECK-NEXT: [[ROW:%.+]] = stablehlo.broadcast_in_dim %arg1, dims = [1]
# CHECK-NEXT: stablehlo.divide %arg0, [[ROW]] : tensor<2x3xf32>
# CHECK-NEXT: return
# op: power
stablehlo(fr.power, X, ROW, name="power")
# CHECK-LABEL: func.func @power(
# CHECK-NEXT: [[ROW:%.+]] = stablehlo.broadcast_in_dim %arg1, dims = [1]
# CHECK-NEXT: stablehlo.power %arg0, [[ROW]] : tensor<2x3xf32>
# CHECK-NEXT: return
# op: maximum
stablehlo(fr.maximum, X, ROW, name="maximum")
# CHECK-LABEL: func.func @maximum(
# CHECK-NEXT: [[ROW:%.+]] = stablehlo.broadcast_in_dim %arg1, dims = [1]
# CHECK-NEXT: stablehlo.maximum %arg0, [[ROW]] : tensor<2x3xf32>
# CHECK-NEXT: return
# op: minimum
stablehlo(fr.minimum, X, ROW, name="minimum")
# CHECK-LABEL: func.func @minimum(
# CHECK-NEXT: [[ROW:%.+]] = stablehlo.broadcast_in_dim %arg1, dims = [1]
# CHECK-NEXT: stablehlo.minimum %arg0, [[ROW]] : tensor<2x3xf32>
# CHECK-NEXT: return
# op: atan2
stablehlo(fr.atan2, X, ROW, name="atan2")
# CHECK-LABEL: func.func @atan2(
# CHECK-NEXT: [[ROW:%.+]] = stablehlo.broadcast_in_dim %arg1, dims = [1]
# CHECK-NEXT: stablehlo.atan2 %arg0, [[ROW]] : tensor<2x3xf32>
# CHECK-NEXT: return
# op: bitwise_and
stablehlo(fr.bitwise_and, BOOL, BOOL, name="bitwise_and")
# CHECK-LABEL: func.func @bitwise_and(
# CHECK-NEXT: stablehlo.and %arg0, %arg1 : tensor<2x3xi1>
# CHECK-NEXT: return
# op: bitwise_or
stablehlo(fr.bitwise_or, BOOL, BOOL, name="bitwise_or")
# CHECK-LABEL: func.func @bitwise_or(
# CHECK-NEXT: stablehlo.or %arg0, %arg1 : tensor<2x3xi1>
# CHECK-NEXT: return
# op: shift_left
stablehlo(fr.shift_left, SIGNED, SIGNED, name="shift_left")
# CHECK-LABEL: func.func @shift_left(
# CHECK-NEXT: stablehlo.shift_left %arg0, %arg1 : tensor<2x3xi32>
# CHECK-NEXT: return
# op: shift_right
stablehlo(fr.shift_right, SIGNED, SIGNED, name="shift_right")
# CHECK-LABEL: func.func @shift_right(
# CHECK-NEXT: stablehlo.shift_right_arithmetic %arg0, %arg1 : tensor<2x3xi32>
# CHECK-NEXT: return
stablehlo(fr.shift_right, UNSIGNED, UNSIGNED, name="shift_right_unsigned")
# CHECK-LABEL: func.func @shift_right_unsigned(
# CHECK-NEXT: stablehlo.shift_right_logical %arg0, %arg1 : tensor<2x3xui8>
# CHECK-NEXT: return
# op: bitwise_xor
stablehlo(fr.bitwise_xor, BOOL, BOOL, name="bitwise_xor")
# CHECK-LABEL: func.func @bitwise_xor(
# CHECK-NEXT: stablehlo.xor %arg0, %arg1 : tensor<2x3xi1>
# CHECK-NEXT: return
# op: equal
stablehlo(fr.eq, X, X, name="equal")
# CHECK-LABEL: func.func @equal(
# CHECK-NEXT: stablehlo.compare EQ, %arg0, %arg1, FLOAT
# CHECK-NEXT: return
# op: not_equal
stablehlo(fr.not_equal, X, X, name="not_equal")
# CHECK-LABEL: func.func @not_equal(
# CHECK-NEXT: stablehlo.compare NE, %arg0, %arg1, FLOAT
# CHECK-NEXT: return
# op: less
stablehlo(fr.less, X, X, name="less")
# CHECK-LABEL: func.func @less(
# CHECK-NEXT: stablehlo.compare LT, %arg0, %arg1, FLOAT
# CHECK-NEXT: return
# op: less_equal
stablehlo(fr.less_equal, X, X, name="less_equal")
# CHECK-LABEL: func.func @less_equal(
# CHECK-NEXT: stablehlo.compare LE, %arg0, %arg1, FLOAT
# CHECK-NEXT: return
# op: greater
stablehlo(fr.greater, X, X, name="greater")
# CHECK-LABEL: func.func @greater(
# CHECK-NEXT: stablehlo.compare GT, %arg0, %arg1, FLOAT
# CHECK-NEXT: return
# op: greater_equal
stablehlo(fr.greater_equal, X, X, name="greater_equal")
# CHECK-LABEL: func.func @greater_equal(
# CHECK-NEXT: stablehlo.compare GE, %arg0, %arg1, FLOAT
# CHECK-NEXT: return
stablehlo(fr.less, SIGNED, SIGNED, name="less_signed")
# CHECK-LABEL: func.func @less_signed(
# CHECK-NEXT: stablehlo.compare LT, %arg0, %arg1, SIGNED
stablehlo(fr.less, UNSIGNED, UNSIGNED, name="less_unsigned")
# CHECK-LABEL: func.func @less_unsigned(
# CHECK-NEXT: stablehlo.compare LT, %arg0, %arg1, UNSIGNED
# op: where
stablehlo(fr.where, BOOL, X, ROW, name="where")
# CHECK-LABEL: func.func @where(
# CHECK-NEXT: [[ROW:%.+]] = stablehlo.broadcast_in_dim %arg2, dims = [1]
# CHECK-NEXT: stablehlo.select %arg0, %arg1, [[ROW]] : tensor<2x3xi1>, tensor<2x3xf32>
# CHECK-NEXT: return
# op: cast
stablehlo(lambda x: fr.cast(x, fr.int8), X, name="cast")
# CHECK-LABEL: func.func @cast(
# CHECK-NEXT: stablehlo.convert %arg0 : (tensor<2x3xf32>) -> tensor<2x3xi8>
# CHECK-NEXT: return
stablehlo(lambda x: fr.cast(x, fr.bool), X, name="cast_bool")
# CHECK-LABEL: func.func @cast_bool(
# CHECK-NEXT: [[ZERO:%.+]] = stablehlo.constant dense<0.000000e+00> : tensor<2x3xf32>
# CHECK-NEXT: stablehlo.compare NE, %arg0, [[ZERO]], FLOAT
# CHECK-NEXT: return
# op: bitcast
stablehlo(lambda x: fr.bitcast(x, fr.int32), X, name="bitcast")
# CHECK-LABEL: func.func @bitcast(
# CHECK-NEXT: stablehlo.bitcast_convert %arg0 : (tensor<2x3xf32>) -> tensor<2x3xi32>
# CHECK-NEXT: return
# op: fmod
stablehlo(fr.fmod, X, X, name="fmod")
# CHECK-LABEL: func.func @fmod(
# CHECK-NEXT: stablehlo.remainder %arg0, %arg1 : tensor<2x3xf32>
# CHECK-NEXT: return
# op: remainder
stablehlo(fr.remainder, SIGNED, SIGNED, name="remainder")
# CHECK-LABEL: func.func @remainder(
# CHECK-NEXT: [[REST:%.+]] = stablehlo.remainder %arg0, %arg1 : tensor<2x3xi32>
# CHECK-NEXT: [[SHIFTED:%.+]] = stablehlo.add [[REST]], %arg1
# CHECK: stablehlo.compare LT, [[REST]], %{{.+}}, SIGNED
# CHECK: stablehlo.compare LT, %arg1, %{{.+}}, SIGNED
# CHECK: [[DIFFER:%.+]] = stablehlo.compare NE
# CHECK: stablehlo.compare NE, [[REST]]
# CHECK: [[FIX:%.+]] = stablehlo.and
# CHECK-NEXT: stablehlo.select [[FIX]], [[SHIFTED]], [[REST]]
# CHECK-NEXT: return
stablehlo(fr.remainder, UNSIGNED, UNSIGNED, name="remainder_unsigned")
# CHECK-LABEL: func.func @remainder_unsigned(
# CHECK-NEXT: stablehlo.remainder %arg0, %arg1 : tensor<2x3xui8>
# CHECK-NEXT: return
# op: floor_divide
stablehlo(fr.floor_divide, X, X, name="floor_divide")
# CHECK-LABEL: func.func @floor_divide(
# CHECK-NEXT: [[REST:%.+]] = stablehlo.remainder %arg0, %arg1 : tensor<2x3xf32>
# CHECK: [[WHOLE:%.+]] = stablehlo.subtract %arg0, [[REST]]
# CHECK-NEXT: [[QUOTIENT:%.+]] = stablehlo.divide [[WHOLE]], %arg1
# CHECK-NEXT: [[ROUND:%.+]] = stablehlo.round_nearest_even [[QUOTIENT]]
# CHECK: [[LOWER:%.+]] = stablehlo.subtract [[ROUND]]
# CHECK: stablehlo.select %{{.+}}, [[LOWER]], [[ROUND]]
# CHECK: return
stablehlo(fr.floor_divide, SIGNED, SIGNED, name="floor_divide_signed")
# CHECK-LABEL: func.func @floor_divide_signed(
# CHECK: [[QUOTIENT:%.+]] = stablehlo.divide %arg0, %arg1 : tensor<2x3xi32>
# CHECK: [[LOWER:%.+]] = stablehlo.subtract [[QUOTIENT]]
# CHECK: stablehlo.select %{{.+}}, [[LOWER]], [[QUOTIENT]]
# CHECK-NEXT: return
stablehlo(fr.floor_divide, UNSIGNED, UNSIGNED, name="floor_divide_unsigned")
# CHECK-LABEL: func.func @floor_divide_unsigned(
# CHECK-NEXT: stablehlo.divide %arg0, %arg1 : tensor<2x3xui8>
# CHECK-NEXT: return
stablehlo(lambda x: x**2 + x**0.5, X, name="powers")
# CHECK-LABEL: func.func @powers(
# CHECK-DAG: stablehlo.multiply %arg0, %arg0
# CHECK-DAG: stablehlo.sqrt %arg0
# CHECK-NOT: stablehlo.power
# CHECK: return
