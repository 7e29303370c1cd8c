# RUN: %python %s | filecheck %s
"""The default pipeline on a small network."""

import farrier as fr
from farrier_compiler.passes import default_pipeline
from support.show import graph


class Net(fr.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = fr.Conv(1, 4, (3, 3), padding=((1, 1), (1, 1)))
        self.norm = fr.BatchNorm(4)
        self.project = fr.Conv(4, 8, (1, 1), bias=False)
        self.head = fr.Linear(8, 2)

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        x = fr.relu(self.norm(self.conv(x)))
        return self.head(fr.mean(self.project(x), dim=(2, 3)))


net = Net()
net.initialize_dummy_parameters()
graph(net, fr.InputInfo((1, 1, 8, 8), fr.float32), passes=default_pipeline(), name="Net")

# CHECK:      graph @Net(%x: f32[1,1,8,8]) -> f32[1,2] {
# CHECK-NEXT:   constant @conv.weight: f32[3,3,1,4]
# CHECK-NEXT:   constant @conv.bias: f32[4]
# CHECK-NEXT:   constant @project.weight: f32[4,8]
# CHECK-NEXT:   constant @head.weight: f32[2,8]
# CHECK-NEXT:   constant @head.bias: f32[2] = [0.0, 1.0]
# CHECK-NEXT:   %0: f32[1,8,8,1] = reshape(%x) {shape = (1, 8, 8, 1)}
# CHECK-NEXT:   %1: f32[1,8,8,4] = convolution(%0, @conv.weight)
# CHECK-NEXT:   %2: f32[1,8,8,4] = add(%1, @conv.bias)
# CHECK-NEXT:   %3: f32[1,8,8,4] = maximum(%2, 0.0: f32)
# CHECK-NEXT:   %4: f32[64,4] = reshape(%3) {shape = (64, 4)}
# CHECK-NEXT:   %5: f32[64,8] = dot_general(%4, @project.weight)
# CHECK-NEXT:   %6: f32[1,8,8,8] = reshape(%5) {shape = (1, 8, 8, 8)}
# CHECK-NEXT:   %7: f32[1,8] = sum(%6) {dim = (1, 2)}
# CHECK-NEXT:   %[[MEAN:[0-9]+]]: f32[1,8] = {{multiply|divide}}(%7, {{.*}}: f32)
# CHECK-NEXT:   %[[DOT:[0-9]+]]: f32[1,2] = dot_general(%[[MEAN]], @head.weight)
# CHECK-NEXT:   add(%[[DOT]], @head.bias)
