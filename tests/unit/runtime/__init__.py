"""Tests of farrier_runtime, none of which needs farrier or farrier_compiler."""
