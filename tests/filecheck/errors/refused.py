# RUN: %python %s | filecheck %s
"""Errors for programs that IREE refuses, in the user's terms: op, shapes, line and layer."""

import farrier as fr


class Rescale(fr.Module):
    def forward(self, x: fr.Tensor) -> fr.Tensor:
        return fr.tanh(fr.cast(x, fr.float64))


class Net(fr.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rescale = Rescale()

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        return self.rescale(fr.relu(x))


# CHECK: IREE cannot compile {{tanh|cast}} of {{float64|float32}} (4, 8) for metal:
# CHECK-SAME: Compute it with other ops or in another data type, or compile for another target.
# CHECK-NEXT: --> {{.*}}refused.py:9 in Rescale.forward(), layer 'rescale'
# CHECK-NEXT: 9 |         return fr.tanh(fr.cast(x, fr.float64))
# CHECK-NEXT: |                ^
try:
    fr.compile(Net(), args=[fr.InputInfo((4, 8), fr.float32)], target="metal")
except fr.CompileError as error:
    print(error)
