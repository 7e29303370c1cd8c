"""The op graph, its passes, and its way through StableHLO and IREE into a vmfb."""
