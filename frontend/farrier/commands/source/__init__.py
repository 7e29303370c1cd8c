"""What is to be compiled: Python models, graphs and StableHLO."""
