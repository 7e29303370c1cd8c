"""Tests of farrier_runtime: no file here needs farrier or farrier_compiler."""
