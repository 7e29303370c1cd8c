"""What IREE needs in place of portable StableHLO."""
