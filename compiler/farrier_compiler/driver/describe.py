"""Manifest entries for the graphs and targets that an artifact was compiled from."""

from __future__ import annotations

import importlib.metadata
import math
from collections.abc import Sequence

from farrier_compiler.driver.cpu_models import cpu_model
from farrier_compiler.driver.targets import Target
from farrier_compiler.graph import Graph, Value
from farrier_compiler.sizes import SymbolicSize, dimension_of, lower_bound, opt_of, upper_bound
from farrier_compiler.types.elements import Array, pack_four_bits
from farrier_runtime.artifact import CpuRequirements, Function, ResultTree, TensorSpec
from farrier_runtime.dimension import Dimension, Size
from farrier_runtime.dtypes import int4, int8


def stored(value: Value) -> Array | None:
    """Return the elements of a constant as its file stores them: int4 is packed into bytes."""
    if value.type.dtype is int4 and value.data is not None:
        return pack_four_bits(value.data)
    return value.data


def stored_spec(name: str, value: Value) -> TensorSpec:
    """Return the name, data type and shape of a constant as its file stores it."""
    if value.type.dtype is int4:
        return TensorSpec(name, int8, (math.ceil(value.type.size / 2),))
    return _spec(name, value)


def function(graph: Graph, tree: ResultTree) -> Function:
    """Return a graph's signature, given the tree of its outputs."""
    inputs = [_spec(value.name or "", value) for value in graph.inputs]
    outputs = [
        _spec(name, value) for name, value in zip(graph.output_names, graph.outputs, strict=True)
    ]
    return Function(graph.name, tuple(inputs), tuple(outputs), tree)


def _spec(name: str, value: Value) -> TensorSpec:
    shape = tuple(map(_size, value.type.shape))
    return TensorSpec(name, value.type.dtype, shape, value.dimension)


def _size(size: int) -> Size:
    """Return a size as the manifest has it: the text of an expression serves as its name."""
    if not isinstance(size, SymbolicSize):
        return size
    low, high = max(lower_bound(size), 0), max(upper_bound(size), 0)
    opt = min(max(opt_of(size), low), high)
    return dimension_of(size) or Dimension(str(size), low, opt, high)


def cpu_requirements(targets: Sequence[Target]) -> CpuRequirements | None:
    """Return the CPU that code for these targets needs; None where none of them is a CPU."""
    for target in targets:
        if target.kind == "cpu":
            model = cpu_model(target)
            return CpuRequirements(model.architecture, model.features)
    return None


def iree_version() -> str:
    """Return the version of IREE's compiler."""
    return importlib.metadata.version("iree-base-compiler")
