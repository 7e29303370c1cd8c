# RUN: %python %s | filecheck %s
"""The `fold_batch_norm` pass: batch norm folded into the preceding weights."""

import farrier as fr
from support.show import graph

IMAGE = fr.InputInfo((1, 2, 4, 4), fr.float32)


class Block(fr.Module):
    def __init__(self, bias: bool, groups: int = 1) -> None:
        super().__init__()
        self.conv = fr.Conv(2, 4, (3, 3), groups=groups, bias=bias)
        self.norm = fr.BatchNorm(4)

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        return self.norm(self.conv(x))


def show(module: fr.Module, name: str, info: fr.InputInfo = IMAGE) -> None:
    module.initialize_dummy_parameters()
    graph(module, info, passes="fold_constants,fold_batch_norm", name=name)


# CHECK-LABEL: graph @without_bias
# CHECK-NEXT:    constant @conv.weight: f32[4,2,3,3]
# CHECK-NEXT:    constant @norm.bias: f32[4,1,1]
# CHECK-NEXT:    %0: f32[1,4,2,2] = convolution(%x, @conv.weight) {{.*}} conv
# CHECK-NEXT:    %1: f32[1,4,2,2] = add(%0, @norm.bias) {{.*}} norm
# CHECK-NEXT:    return %1
show(Block(bias=False), "without_bias")

# CHECK-LABEL: graph @with_bias
# CHECK-NEXT:    constant @conv.weight: f32[4,1,3,3]
# CHECK-NEXT:    constant @conv.bias: f32[4,1,1]
# CHECK-NEXT:    %0: f32[1,4,2,2] = convolution(%x, @conv.weight) {{{.*}}groups = 2}
# CHECK-NEXT:    %1: f32[1,4,2,2] = add(%0, @conv.bias)
# CHECK-NEXT:    return %1
show(Block(bias=True, groups=2), "with_bias")


class Dense(fr.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = fr.Linear(3, 4)
        self.norm = fr.BatchNorm(4)

    def forward(self, x: fr.Tensor) -> fr.Tensor:
        return self.norm(self.linear(x))


# CHECK-LABEL: graph @linear
# CHECK-NEXT:    constant @linear.weight: f32[4,3]
# CHECK-NEXT:    constant @linear.bias: f32[4]
# CHECK-NEXT:    %0: f32[2,4] = dot_general(%x, @linear.weight)
# CHECK-NEXT:    %1: f32[2,4] = add(%0, @linear.bias)
# CHECK-NEXT:    return %1
show(Dense(), "linear", fr.InputInfo((2, 3), fr.float32))


class Shared(Block):
    def forward(self, x: fr.Tensor) -> fr.Tensor:
        x = self.conv(x)
        return self.norm(x) + x


# CHECK-LABEL: graph @two_readers
# CHECK:         %[[CONV:[0-9]+]]: f32[1,4,2,2] = convolution(%x, @conv.weight)
# CHECK-NEXT:    %[[SCALED:[0-9]+]]: f32[1,4,2,2] = multiply(%[[CONV]], @norm.weight)
# CHECK-NEXT:    %[[NORMED:[0-9]+]]: f32[1,4,2,2] = add(%[[SCALED]], @norm.bias)
# CHECK-NEXT:    add(%[[NORMED]], %[[CONV]])
show(Shared(bias=False), "two_readers")

# CHECK-LABEL: graph @alone
# CHECK-NEXT:    constant @weight: f32[2,1,1]
# CHECK-NEXT:    constant @bias: f32[2,1,1]
# CHECK-NEXT:    %0: f32[1,2,4,4] = multiply(%x, @weight)
# CHECK-NEXT:    %1: f32[1,2,4,4] = add(%0, @bias)
show(fr.BatchNorm(2), "alone")
