# RUN: %python %s | filecheck %s
"""The `deduplicate` pass: one node for equal computations."""

import farrier as fr
from support.show import graph


def twice(x: fr.Tensor) -> fr.Tensor:
    return fr.exp(x) / (1.0 + fr.exp(x)) + fr.sum(x, 0, True) - fr.sum(x, 1, True)


# CHECK-LABEL: graph @twice
# CHECK-NEXT:    %[[EXP:[0-9]+]]: f32[2,2] = exp(%x)
# CHECK-NOT:     exp(%x)
# CHECK:         divide(%[[EXP]], %{{[0-9]+}})
# CHECK:         sum(%x) {dim = (0,), keepdim = true}
# CHECK:         sum(%x) {dim = (1,), keepdim = true}
graph(twice, fr.InputInfo((2, 2), fr.float32), passes="deduplicate", name="twice")


def constants(x: fr.Tensor) -> fr.Tensor:
    return (x + fr.Tensor([1.0, 2.0], name="first")) * fr.Tensor([1.0, 2.0], name="second")


# CHECK-LABEL: graph @constants
# CHECK-NEXT:    constant @first: f32[2] = [1.0, 2.0]
# CHECK-NEXT:    %0: f32[2] = add(%x, @first)
# CHECK-NEXT:    %1: f32[2] = multiply(%0, @first)
graph(constants, fr.InputInfo((2,), fr.float32), passes="deduplicate", name="constants")
