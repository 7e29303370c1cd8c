# RUN: %python %s | filecheck %s
"""The `eliminate_dead_nodes` pass: unused nodes are dropped, inputs kept as the signature."""

from farrier_compiler.graph.parser import parse_graph
from farrier_compiler.passes import run_passes

TEXT = """
graph @f(%x: f32[2], %unused: f32[3]) -> f32[2] {
  constant @w: f32[3] = [1.0, 2.0, 3.0]
  %0: f32[3] = add(%unused, @w)
  %1: f32[2] = tanh(%x)
  %2: f32[3] = exp(%0)
  return %1
}
"""
print(run_passes(parse_graph(TEXT), "eliminate_dead_nodes"))

# CHECK:      graph @f(%x: f32[2], %unused: f32[3]) -> f32[2] {
# CHECK-NEXT:   %0: f32[2] = tanh(%x)
# CHECK-NEXT:   return %0
# CHECK-NEXT: }
