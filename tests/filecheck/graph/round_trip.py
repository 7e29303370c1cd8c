# RUN: %python %s | filecheck %s
"""Canonical layout of graph text after parsing and printing."""

from farrier_compiler.graph.parser import parse_graph

TEXT = """
graph @f(%"in put": f32[2,2], %y: f32[2])->(first:f32[2,2],"2nd":bool[2,2]){ # a comment
  constant @"a b": f32[2,2] = [[1.0, -0.0], [0x7fc00001, nan]]
  constant @0.weight: f32[3,3]
  %sum: f32[2,2] = add(%"in put", @"a b")
  %more: f32[2,2] = add(%sum, %y)
  %less: bool[2,2] = less(%more, 1.5: f32)
  %slice: f32[2,2] = slice(@0.weight) {step = (1, 2), start = (0, 0), limit = (2, 3)}
  return %slice, %less }
"""
print(parse_graph(TEXT))

# CHECK:      graph @f(%"in put": f32[2,2], %y: f32[2]) -> (first: f32[2,2], "2nd": bool[2,2]) {
# CHECK-NEXT:   constant @"a b": f32[2,2] = [{{\[}}1.0, -0.0], [0x7fc00001, nan]]
# CHECK-NEXT:   constant @0.weight: f32[3,3]
# CHECK-NEXT:   %0: f32[2,2] = add(%"in put", @"a b")
# CHECK-NEXT:   %1: f32[2,2] = add(%0, %y)
# CHECK-NEXT:   %2: bool[2,2] = less(%1, 1.5: f32)
# CHECK-NEXT:   %3: f32[2,2] = slice(@0.weight) {start = (0, 0), limit = (2, 3), step = (1, 2)}
# CHECK-NEXT:   return %3, %2
# CHECK-NEXT: }
