# RUN: %python %s | filecheck %s
"""The `remove_barriers` pass: barriers replaced by their operands, in outputs as well."""

from farrier_compiler.graph.parser import parse_graph
from farrier_compiler.passes import run_passes

TEXT = """
graph @f(%x: f32[2]) -> (y: f32[2], z: f32[2]) {
  %0: f32[2] = optimization_barrier(%x)
  %1: f32[2] = tanh(%0)
  %2: f32[2] = optimization_barrier(%1)
  return %0, %2
}
"""
print(run_passes(parse_graph(TEXT), "remove_barriers"))

# CHECK:      graph @f(%x: f32[2]) -> (y: f32[2], z: f32[2]) {
# CHECK-NEXT:   %0: f32[2] = tanh(%x)
# CHECK-NEXT:   return %x, %0
# CHECK-NEXT: }
