"""Passes, which rewrite graphs into better ones that compute the same."""

from farrier_compiler.passes.base import Pass
from farrier_compiler.passes.pipeline import (
    PASSES,
    default_pipeline,
    parse_pipeline,
    run_passes,
)

__all__ = ["PASSES", "Pass", "default_pipeline", "parse_pipeline", "run_passes"]
