# RUN: %python %s | filecheck %s
"""The `separate_loops` pass: a barrier where a reduction would have no array to read."""

from farrier_compiler.graph.parser import parse_graph
from farrier_compiler.passes import run_passes

TEXT = """
graph @f[n in (1, 8, 64)](%x: f32[n]) -> f32[] {
  %0: f32[n] = iota() {shape = (n,), dim = 0, dtype = f32}
  %1: f32[n] = exp(%0)
  %2: f32[] = sum(%1) {dim = (0,)}
  return %2
}
"""
print(run_passes(parse_graph(TEXT), "separate_loops"))

# CHECK:        %1: f32[n] = exp(%0)
# CHECK-NEXT:   %2: f32[n] = optimization_barrier(%1)
# CHECK-NEXT:   %3: f32[] = sum(%2) {dim = (0,)}
# CHECK-NEXT:   return %3
