# RUN: %python %s | filecheck %s
"""Graph text of quantised types with constant scales, and their lowering to plain numbers."""

import farrier as fr
from farrier.compiling.trace import trace
from farrier_compiler.graph.parser import parse_graph
from support.show import graph, iree_input

X = fr.InputInfo((2, 4), fr.float32)


def every(x: fr.Tensor) -> tuple[fr.Tensor, ...]:
    return (
        fr.quantize(x, 0.1, fr.int8),
        fr.quantize(x, 0.1, fr.uint8, zero_point=128),
        fr.quantize(x, [0.5, 0.25], fr.int16, 0, [1, 0]),
        fr.quantize(x, [[0.5, 0.25]], fr.int4),
        fr.quantize(x, fr.max(x), fr.int8),
    )


# CHECK-LABEL: graph @every
# CHECK: %0: !quant.uniform<i8:f32, 0.1>[2,4] = quantize(%x, 0.1: f32) {dtype = i8}
# CHECK-NEXT: %1: !quant.uniform<u8:f32, 0.1:128>[2,4] = quantize(%x, 0.1: f32, 128: u8)
# CHECK-NEXT: %2: !quant.uniform<i16:f32:0, {0.5:1, 0.25}>[2,4] = quantize(%x, @c0, @c1)
# CHECK-NEXT: %3: !quant.uniform<i4:f32:{0:2, 1:2}, {{[{][{]}}0.5, 0.25}}>[2,4] = quantize(%x, @c2)
# CHECK: %5: i8[2,4] = quantize(%x, %4) {dtype = i8}
graph(every, X, name="every")

# CHECK: parses back: True
traced = trace(every, [X]).graph
text = "\n".join(line.partition("   #")[0] for line in str(traced).splitlines())
print("parses back:", str(parse_graph(text)) == text)

# CHECK-LABEL: func.func @iree(
# CHECK-NOT: quant
iree_input(lambda x: fr.quantize(x, 0.5, fr.int8), X, name="iree")
