"""Modules: layers with parameters, and what composes them."""

from farrier.modules.conv import Conv
from farrier.modules.linear import Linear
from farrier.modules.module import Module
from farrier.modules.nlinear import NLinear
from farrier.modules.normalization import BatchNorm
from farrier.modules.parameter import Parameter
from farrier.modules.sequential import Sequential

__all__ = ["BatchNorm", "Conv", "Linear", "Module", "NLinear", "Parameter", "Sequential"]
