# RUN: %python %s | filecheck %s
"""Errors raised while tracing functions with dynamic sizes."""

import farrier as fr
from support.show import error

N = fr.NamedDimension("n", 1, 4, 8)
X = fr.InputInfo((N, 6), fr.float32)


def loops(x: fr.Tensor) -> fr.Tensor:
    for row in range(x.shape[0]):
        x = x + row
    return x


error(loops, X)
# CHECK:      UnknownValueError: The size 'n' ('n' is 1 to 8) is known only when the compiled
# CHECK-SAME: function is called, but its number is asked for while the function is traced.
# CHECK-NEXT:   --> {{.*}}dynamic.py:12 in loops()
# CHECK-NEXT:      12 |     for row in range(x.shape[0]):


def branches(x: fr.Tensor) -> fr.Tensor:
    return x if x.shape[0] > 4 else -x


error(branches, X)
# CHECK:      UnknownValueError: The size 'n' ('n' is 1 to 8) is known only when the compiled
# CHECK:        --> {{.*}}dynamic.py:25 in branches()


def too_far(x: fr.Tensor) -> fr.Tensor:
    return x[9]


error(too_far, X)
# CHECK:      ArgumentError: Index 9 is out of range: dim 0 of float32 (n, 6)
# CHECK-SAME: has n elements ('n' is 1 to 8).
# CHECK-NEXT:   --> {{.*}}dynamic.py:34 in too_far()


def never(x: fr.Tensor) -> fr.Tensor:
    return fr.reshape(x, (x.shape[0], 7))


error(never, X)
# CHECK:      ShapeError: reshape cannot give float32 (n, 6), which has 6*n elements
# CHECK-SAME: ('n' is 1 to 8), the shape (n, 7), which has 7*n. The numbers must be equal.


def parts(x: fr.Tensor) -> fr.Tensor:
    return fr.split(x, fr.minimum(x.shape[0], 2))[0]


error(parts, X)
# CHECK:      ArgumentError: split needs a static number of parts, but 'min(2, n)' is dynamic.
# CHECK-SAME: Pass a number, or the size of each part.
# CHECK-NEXT:   --> {{.*}}dynamic.py:53 in parts()


def mixed(x: fr.Tensor, y: fr.Tensor) -> fr.Tensor:
    return x + y


SEVERAL, NINE = (fr.InputInfo((size,), fr.float32) for size in ((2, 4, 8), 9))
error(mixed, SEVERAL, NINE)
# CHECK:      ShapeError: add cannot broadcast shapes (x_dim0,) and (9,): dimension -1 has sizes 9
# CHECK-SAME: and x_dim0. Sizes must be equal, or one of them 1.
