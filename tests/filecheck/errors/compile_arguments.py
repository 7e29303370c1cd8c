# RUN: %python %s | filecheck %s
"""Errors for wrong arguments of `compile`, with the remedy and the user's line."""

from typing import Any

import farrier as fr


def error(**options: Any) -> None:
    try:
        fr.compile(fr.relu, args=[fr.InputInfo((2,), fr.float32)], **options)
    except fr.FarrierError as raised:
        print(f"{type(raised).__name__}: {raised}")


# CHECK: ArgumentError: There is no target 'cuda:sm_9'. Did you mean cuda:sm_90 or
# CHECK-SAME: Models for cuda are sm_60, sm_61,
# CHECK-NEXT: --> {{.*}}compile_arguments.py:11 in error()
# CHECK-NEXT: fr.compile(fr.relu, args=[fr.InputInfo((2,), fr.float32)], **options)
# CHECK-NEXT: ^^^^^^^^^^
error(target="cuda:sm_9")

# CHECK: ArgumentError: There is no target 'gpu'. Targets are cpu, cuda, rocm, vulkan, metal,
# CHECK-SAME: with a model after a colon: cpu:x86-64-v3, cuda:sm_80, rocm:gfx942, vulkan:rdna3.
# CHECK-SAME: `farrier targets` lists all.
error(target="gpu")

# CHECK: ArgumentError: One artifact cannot hold programs for cpu:znver4 and cpu: the runtime
# CHECK-SAME: chooses by the kind of device, and both are cpu. Compile for the oldest of them, whose
# CHECK-SAME: code newer ones run too, or make an artifact for each.
error(target=["cpu:znver4", "cpu"])

# CHECK: ArgumentError: layout must be 'tiled' or 'compact', not 'dense'.
error(target="cpu", layout="dense")

# CHECK: ArgumentError: '-O3' is not an IREE flag: flags begin with '--'.
error(target="cpu", flags=["-O3"])

# CHECK: ArgumentError: IREE's compiler does not take the flag '--no-such-flag':
# CHECK-SAME: Unknown command line argument '--no-such-flag'.
error(target="cpu", flags=["--no-such-flag"])

# CHECK: CompileError: IREE's compiler ended with exit code 1, a bug that this program or these
# CHECK-SAME: flags trigger. It said: 64-bit code requested on a subtarget that doesn't
# CHECK-SAME: support it.
error(target="cpu:x86-64", flags=["--iree-llvmcpu-target-cpu=nonsense"])
