# RUN: %python %s | filecheck %s
"""The `legalize_for_iree` pass: ops that IREE lacks, in terms of others, at the user's line."""

import farrier as fr
from support.show import graph

PASS = "legalize_for_iree"
X = fr.InputInfo((4, 3), fr.float32)
ROW = fr.InputInfo((3,), fr.float32)
HALF = fr.InputInfo((4, 3), fr.float16)
FLAGS = fr.InputInfo((4, 3), fr.bool)
ROWS = fr.InputInfo((fr.NamedDimension("rows", 1, 4, 8), 3), fr.float32)

# CHECK-LABEL: graph @nothing
# CHECK-NEXT:    %0: f32[4,3] = exp(%input) # show.py:[[LINE:[0-9]+]]
# CHECK-NEXT:    return %0
graph(fr.exp, X, passes=PASS, name="nothing")

# CHECK-LABEL: graph @or
# CHECK-NEXT:    %0: bool[4,3] = bitwise_or(%input, %other)
graph(fr.add, FLAGS, FLAGS, passes=PASS, name="or")

# CHECK-LABEL: graph @rounded
# CHECK-NEXT:    %0: f32[4,3] = abs(%input) # show.py:[[LINE]]
# CHECK-NEXT:    %1: bool[4,3] = less(%0, 8388608.0: f32) # show.py:[[LINE]]
# CHECK-NEXT:    %2: f32[4,3] = abs(%input) # show.py:[[LINE]]
# CHECK-NEXT:    %3: f32[4,3] = add(%2, 8388608.0: f32) # show.py:[[LINE]]
# CHECK-NEXT:    %4: f32[4,3] = subtract(%3, 8388608.0: f32) # show.py:[[LINE]]
# CHECK-NEXT:    %5: i32[4,3] = bitcast(%4) {dtype = i32} # show.py:[[LINE]]
# CHECK-NEXT:    %6: i32[4,3] = bitcast(%input) {dtype = i32} # show.py:[[LINE]]
# CHECK-NEXT:    %7: i32[4,3] = bitwise_and(%6, -2147483648: i32) # show.py:[[LINE]]
# CHECK-NEXT:    %8: i32[4,3] = bitwise_or(%5, %7) # show.py:[[LINE]]
# CHECK-NEXT:    %9: f32[4,3] = bitcast(%8) {dtype = f32} # show.py:[[LINE]]
# CHECK-NEXT:    %10: f32[4,3] = where(%1, %9, %input) # show.py:[[LINE]]
# CHECK-NEXT:    return %10
graph(fr.round, X, passes=PASS, name="rounded")

# CHECK-LABEL: graph @half
# CHECK-NEXT:    %0: f32[4,3] = cast(%input) {dtype = f32}
# CHECK-NOT:     sin(
# CHECK:         %[[HALF:[0-9]+]]: f16[4,3] = cast(%{{[0-9]+}}) {dtype = f16}
# CHECK-NEXT:    return %[[HALF]]
graph(fr.sin, HALF, passes=PASS, name="half")

# Cases that depend on the exponent alone are selected; the power is of a positive base.
# CHECK-LABEL: graph @cube
# CHECK:         %[[SIZE:[0-9]+]]: f32[4,3] = abs(%x)
# CHECK:         power(%[[SIZE]], 3.5: f32)
# CHECK-NOT:     floor(
# CHECK:         return
graph(lambda x: x**3.5, X, passes=PASS, name="cube")

# CHECK-LABEL: graph @dynamic
# CHECK:         f32[rows,3] = broadcast(%other) {shape = (rows, 3), dims = (1,)}
# CHECK-NOT:     atan2(
# CHECK:         return
graph(fr.atan2, ROWS, ROW, passes=PASS, name="dynamic")
