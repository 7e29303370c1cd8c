"""Farrier: neural networks as Python Modules, compiled to one vmfb that runs anywhere IREE runs."""

from farrier.compile import InputInfo, compile
from farrier.executable import Executable
from farrier.modules import BatchNorm, Conv, Linear, Module, NLinear, Parameter, Sequential
from farrier.ops.activation import *
from farrier.ops.arithmetic import *
from farrier.ops.comparison import *
from farrier.ops.convolution import *
from farrier.ops.creation import *
from farrier.ops.elementwise import *
from farrier.ops.indexing import *
from farrier.ops.joining import *
from farrier.ops.linear_algebra import *
from farrier.ops.normalization import *
from farrier.ops.pooling import *
from farrier.ops.reduction import *
from farrier.ops.shape import *
from farrier.tensor import Tensor
from farrier_runtime.device import device
from farrier_runtime.dtypes import (
    bfloat16,
    bool,
    dtype,
    float8,
    float8_e4m3fn,
    float8_e5m2,
    float16,
    float32,
    float64,
    floating,
    int4,
    int8,
    int16,
    int32,
    int64,
    integer,
    uint8,
    uint16,
    uint32,
    uint64,
)
from farrier_runtime.errors import (
    ArgumentError,
    ArtifactError,
    CompileError,
    DeviceError,
    DtypeError,
    FarrierError,
    InputError,
    ParseError,
    ShapeError,
)
from farrier_runtime.version import __version__
