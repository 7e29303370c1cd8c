# RUN: %python %s | filecheck %s
"""What IREE refuses is told in the words of the user's program: layer, line, op, shapes."""

import farrier as fr
from support.show import errors


class Attention(fr.Module):
    def forward(self, x: fr.Tensor) -> fr.Tensor:
        return fr.tanh(fr.cast(x, fr.float8))


class Net(fr.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = Attention()

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        return fr.cast(self.attention(x), fr.float32)


ARGS = [fr.InputInfo((4, 8), fr.float32)]

# CHECK:      // float8 on Ampere
# CHECK-NEXT: CompileError: IREE cannot compile cast of float8 (4, 8) for cuda:sm_80: LLVM Translation failed for operation: builtin.unrealized_conversion_cast. Compute it with other ops or in another data type, or compile for another target.
# CHECK-NEXT:   --> {{.*}}refused.py:20 in Net.forward()
# CHECK-NEXT:      20 |         return fr.cast(self.attention(x), fr.float32)
# CHECK-NEXT:         |                ^
with errors("float8 on Ampere"):
    fr.compile(Net(), args=ARGS, target="cuda:sm_80", cache=False)
