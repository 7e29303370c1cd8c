# RUN: %python %s | filecheck %s
"""The `fold_constants` pass: constant expressions computed, unless the result is large."""

import farrier as fr
from support.show import graph


def folded(x: fr.Tensor) -> fr.Tensor:
    kernel = fr.Tensor([[1.0, 2.0], [3.0, 4.0]], name="layer.weight")
    return x + fr.transpose(kernel, 0, 1) * 2.0


# CHECK-LABEL: graph @folded
# CHECK-NEXT:    constant @layer.weight: f32[2,2] = [{{\[}}2.0, 6.0], [4.0, 8.0]]
# CHECK-NEXT:    %0: f32[2,2] = add(%x, @layer.weight)
# CHECK-NEXT:    return %0
graph(folded, fr.InputInfo((2, 2), fr.float32), passes="fold_constants", name="folded")


def repeated(x: fr.Tensor) -> fr.Tensor:
    return x + fr.expand(fr.Tensor([[1.0], [2.0]]), (2, 300))


# CHECK-LABEL: graph @stays
# CHECK:         broadcast(
graph(repeated, fr.InputInfo((2, 300), fr.float32), passes="fold_constants{limit=0}", name="stays")

# CHECK-LABEL: graph @goes
# CHECK-NOT:     broadcast(
graph(repeated, fr.InputInfo((2, 300), fr.float32), passes="fold_constants", name="goes")


def generated(x: fr.Tensor) -> fr.Tensor:
    return x + fr.arange(5000)


# CHECK-LABEL: graph @generated
# CHECK:         iota() {shape = (5000,), dim = 0, dtype = f32}
graph(generated, fr.InputInfo((5000,), fr.float32), passes="fold_constants", name="generated")
