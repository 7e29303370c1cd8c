# RUN: %python %s | filecheck %s
"""Layout of graph text: weights by name, scalars inline, the user's lines at the end."""

import farrier as fr
from support.show import graph


class Net(fr.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = fr.Conv(1, 16, (3, 3), padding=((1, 1), (1, 1)))

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        return fr.relu(self.conv(x))


net = Net()
net.initialize_dummy_parameters()
graph(net, fr.InputInfo((1, 1, 8, 8), fr.float32), name="Net")

# CHECK:      graph @Net(%x: f32[1,1,8,8]) -> f32[1,16,8,8] {
# CHECK-NEXT:   constant @conv.weight: f32[16,1,3,3]
# CHECK-NEXT:   constant @conv.bias: f32[16] = [0.0, 1.0, 2.0, {{.*}}15.0]
# CHECK-NEXT:   %0: f32[1,16,8,8] = convolution(%x, @conv.weight) {{.*}}   # text.py:14 conv
# CHECK:        %[[BIASED:[0-9]+]]: f32[1,16,8,8] = add(%0, {{.*}})   # text.py:14 conv
# CHECK-NEXT:   %[[RELU:[0-9]+]]: f32[1,16,8,8] = maximum(%[[BIASED]], 0.0: f32)   # text.py:14
# CHECK-NEXT:   return %[[RELU]]
# CHECK-NEXT: }


def several(x: fr.Tensor) -> tuple[fr.Tensor, fr.Tensor]:
    return fr.concatenate([x, fr.Tensor([0.1, float("inf")])], 0), fr.sum(x, 0)


graph(several, fr.InputInfo((2,), fr.float32), name="several")

# CHECK-LABEL: graph @several(%x: f32[2]) -> (output0: f32[4], output1: f32[]) {
# CHECK-NEXT:    constant @c0: f32[2] = [0.1, inf]
# CHECK-NEXT:    %0: f32[4] = concatenate(%x, @c0) {dim = 0}
# CHECK-NEXT:    %1: f32[] = sum(%x) {dim = (0,)}
# CHECK-NEXT:    return %0, %1
