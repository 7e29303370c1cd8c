"""Graphs as portable StableHLO."""
