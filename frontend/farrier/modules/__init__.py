"""Modules: layers with parameters, and what composes them."""

from farrier.modules.conv import Conv, ConvTranspose
from farrier.modules.embedding import Embedding
from farrier.modules.linear import Linear
from farrier.modules.module import Module
from farrier.modules.nlinear import NLinear
from farrier.modules.normalization import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm
from farrier.modules.parameter import Parameter
from farrier.modules.sequential import Sequential
from farrier.modules.summary import Summary, SummaryRow

__all__ = [
    "BatchNorm",
    "Conv",
    "ConvTranspose",
    "Embedding",
    "GroupNorm",
    "InstanceNorm",
    "LayerNorm",
    "Linear",
    "Module",
    "NLinear",
    "Parameter",
    "RMSNorm",
    "Sequential",
    "Summary",
    "SummaryRow",
]
