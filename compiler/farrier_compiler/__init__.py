"""The op graph, its passes, and its way through StableHLO and IREE into a vmfb."""

import farrier_compiler.ops as ops  # the registry is complete, whatever is imported first

__all__ = ["ops"]
