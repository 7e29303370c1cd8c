# RUN: %python %s | filecheck %s
"""Ops that select elements by index tensors."""

import farrier as fr
from support.show import stablehlo

X = fr.InputInfo((2, 3, 4), fr.float32)
INDEX = fr.InputInfo((5, 6), fr.int32)

# op: gather
stablehlo(lambda x, i: fr.gather(x, 1, i), X, INDEX, name="gather")
# CHECK-LABEL: func.func @gather(
# CHECK-NEXT: stablehlo.constant dense<3> : tensor<5x6xi32>
# CHECK-NEXT: stablehlo.constant dense<0> : tensor<5x6xi32>
# CHECK-NEXT: stablehlo.compare LT, %arg1, %{{\w+}}, SIGNED
# CHECK-SAME: : (tensor<5x6xi32>, tensor<5x6xi32>) -> tensor<5x6xi1>
# CHECK-NEXT: stablehlo.add %arg1, %{{\w+}} : tensor<5x6xi32>
# CHECK-NEXT: stablehlo.select %{{\w+}}, %{{\w+}}, %arg1
# CHECK-NEXT: "stablehlo.gather"(%arg0, %{{\w+}})
# CHECK-SAME: offset_dims = [0, 3], collapsed_slice_dims = [1], start_index_map = [1],
# CHECK-SAME: index_vector_dim = 2>, indices_are_sorted = false,
# CHECK-SAME: slice_sizes = array<i64: 2, 1, 4>}>
# CHECK-SAME: : (tensor<2x3x4xf32>, tensor<5x6xi32>) -> tensor<2x5x6x4xf32>
# CHECK-NEXT: return

# Nothing is selected, but the spec still requires slice sizes within the operand.
stablehlo(
    lambda x, i: fr.gather(x, 1, i),
    fr.InputInfo((2, 0), fr.float32),
    fr.InputInfo((0,), fr.int32),
    name="empty",
)
# CHECK-LABEL: func.func @empty(
# CHECK-NEXT: stablehlo.constant dense<> : tensor<2x0xf32>
# CHECK-NEXT: return
