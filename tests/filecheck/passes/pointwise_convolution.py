# RUN: %python %s | filecheck %s
"""The `pointwise_convolution` pass: 1x1 convolutions as matrix products."""

import farrier as fr
from support.show import graph

PASSES = "channels_last,pointwise_convolution,fold_constants"
IMAGE = fr.InputInfo((2, 3, 5, 4), fr.float32)


def show(conv: fr.Conv, name: str) -> None:
    conv.initialize_dummy_parameters()
    graph(conv, IMAGE, passes=PASSES, name=name)


# CHECK-LABEL: graph @stride_1
# CHECK-NEXT:    constant @weight: f32[3,6]
# CHECK-NEXT:    %0: f32[2,5,4,3] = transpose(%input) {permutation = (0, 2, 3, 1)}
# CHECK-NEXT:    %1: f32[40,3] = reshape(%0) {shape = (40, 3)}
# CHECK-NEXT:    %2: f32[40,6] = dot_general(%1, @weight) {{{.*}}_contracting = (0,)}
# CHECK-NEXT:    %3: f32[2,5,4,6] = reshape(%2) {shape = (2, 5, 4, 6)}
# CHECK-NEXT:    %4: f32[2,6,5,4] = transpose(%3) {permutation = (0, 3, 1, 2)}
show(fr.Conv(3, 6, (1, 1), bias=False), "stride_1")

# CHECK-LABEL: graph @stride_2
# CHECK:         %1: f32[2,3,2,3] = slice(%0) {start = (0, 0, 0, 0), {{.*}}, step = (1, 2, 2, 1)}
# CHECK-NEXT:    %2: f32[12,3] = reshape(%1) {shape = (12, 3)}
# CHECK-NEXT:    %3: f32[12,6] = dot_general(%2, @weight)
show(fr.Conv(3, 6, (1, 1), stride=(2, 2), bias=False), "stride_2")

# CHECK-LABEL: graph @grouped
# CHECK-NOT:     dot_general
# CHECK:         convolution(
show(fr.Conv(3, 6, (1, 1), groups=3, bias=False), "grouped")
