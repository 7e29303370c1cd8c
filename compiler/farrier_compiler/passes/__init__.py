"""Passes: rewrites of a graph into a better graph that computes the same."""

from farrier_compiler.passes.base import Pass
from farrier_compiler.passes.pipeline import PASSES, parse_pipeline, pipeline_for, run_passes

__all__ = ["PASSES", "Pass", "parse_pipeline", "pipeline_for", "run_passes"]
