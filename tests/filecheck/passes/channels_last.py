# RUN: %python %s | filecheck %s
"""The `channels_last` pass: the faster layout for convolutions and the ops between them."""

import farrier as fr
from support.show import graph

SAME = ((1, 1), (1, 1))


class Residual(fr.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = fr.Conv(3, 8, (3, 3), padding=SAME)
        self.conv = fr.Conv(8, 8, (3, 3), padding=SAME, groups=8, bias=False)

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        x = fr.maxpool(fr.relu(self.stem(x)), kernel_dims=(2, 2), stride=(2, 2))
        x = fr.concatenate([fr.relu(self.conv(x) + x), x], 1)
        return fr.mean(x, (2, 3))


# CHECK-LABEL: graph @Residual(%x: f32[1,3,8,8]) -> f32[1,16]
# CHECK-NEXT:    constant @stem.weight: f32[3,3,3,8]
# CHECK-NEXT:    constant @stem.bias: f32[8]
# CHECK-NEXT:    constant @conv.weight: f32[3,3,1,8]
# CHECK-NEXT:    %0: f32[1,8,8,3] = transpose(%x) {permutation = (0, 2, 3, 1)}
# CHECK-NEXT:    %1: f32[1,8,8,8] = convolution(%0, @stem.weight) {{{.*}}layout = "channels_last"}
# CHECK-NEXT:    %2: f32[1,8,8,8] = add(%1, @stem.bias)
# CHECK-NEXT:    %3: f32[1,8,8,8] = maximum(%2, 0.0: f32)
# CHECK-NEXT:    %4: f32[1,4,4,8] = max_pool(%3) {window = (1, 2, 2, 1), stride = (1, 2, 2, 1)
# CHECK-NEXT:    %5: f32[1,4,4,8] = convolution(%4, @conv.weight) {{{.*}}groups = 8, layout
# CHECK-NEXT:    %6: f32[1,4,4,8] = add(%5, %4)
# CHECK-NEXT:    %7: f32[1,4,4,8] = maximum(%6, 0.0: f32)
# CHECK-NEXT:    %8: f32[1,4,4,16] = concatenate(%7, %4) {dim = 3}
# CHECK-NEXT:    %9: f32[1,16] = sum(%8) {dim = (1, 2)}
# CHECK-NOT:     transpose
# CHECK:         return
net = Residual()
net.initialize_dummy_parameters()
image = fr.InputInfo((1, 3, 8, 8), fr.float32)
graph(net, image, passes="fold_constants,channels_last", name="Residual")


# CHECK-LABEL: graph @images_out
# CHECK:         %[[LAST:[0-9]+]]: f32[1,8,8,8] = add({{.*}}, @bias)
# CHECK-NEXT:    %[[FIRST:[0-9]+]]: f32[1,8,8,8] = transpose(%[[LAST]]) {permutation = (0, 3, 1, 2)}
# CHECK-NEXT:    return %[[FIRST]]
graph(net.stem, image, passes="fold_constants,channels_last", name="images_out")


def no_convolution(x: fr.Tensor) -> fr.Tensor:
    return fr.relu(x)


# CHECK-LABEL: graph @no_convolution
# CHECK-NEXT:    %0: f32[1,3,8,8] = maximum(%x, 0.0: f32)
# CHECK-NEXT:    return %0
graph(no_convolution, image, passes="channels_last", name="no_convolution")
