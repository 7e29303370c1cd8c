"""Functional ops, a file for each family."""

from farrier.ops.activation import *
from farrier.ops.arithmetic import *
from farrier.ops.comparison import *
from farrier.ops.convolution import *
from farrier.ops.creation import *
from farrier.ops.elementwise import *
from farrier.ops.indexing import *
from farrier.ops.linear_algebra import *
from farrier.ops.normalization import *
from farrier.ops.pooling import *
from farrier.ops.reduction import *
from farrier.ops.shape import *
