"""Sources of programs to compile: Python models, graphs and StableHLO."""
