"""Farrier: neural networks as Python Modules, compiled to a vmfb that runs wherever IREE runs."""

import types as _types
import typing as _typing

from farrier import config as config, quantized as quantized, types as types, weights as weights
from farrier.calibration import (
    QuantizationReport as QuantizationReport,
    QuantizationRow as QuantizationRow,
    quantization_report as quantization_report,
    quantize_module as quantize_module,
)
from farrier.compiling.compile import compile as compile
from farrier.compiling.executable import Executable as Executable
from farrier.compiling.stream import Stream as Stream, default_stream as default_stream
from farrier.input_info import (
    Bounds as Bounds,
    DimensionInputInfo as DimensionInputInfo,
    InputInfo as InputInfo,
    NamedDimension as NamedDimension,
)
from farrier.logger import logger as logger
from farrier.modules import (
    BatchNorm as BatchNorm,
    Conv as Conv,
    ConvTranspose as ConvTranspose,
    Embedding as Embedding,
    GroupNorm as GroupNorm,
    InstanceNorm as InstanceNorm,
    LayerNorm as LayerNorm,
    Linear as Linear,
    Module as Module,
    NLinear as NLinear,
    Parameter as Parameter,
    RMSNorm as RMSNorm,
    Sequential as Sequential,
    Summary as Summary,
    SummaryRow as SummaryRow,
)
from farrier.ops.activation import *
from farrier.ops.arithmetic import *
from farrier.ops.bitwise import *
from farrier.ops.classification import *
from farrier.ops.comparison import *
from farrier.ops.conversion import *
from farrier.ops.convolution import *
from farrier.ops.creation import *
from farrier.ops.elementwise import *
from farrier.ops.error_function import *
from farrier.ops.exponential import *
from farrier.ops.hyperbolic import *
from farrier.ops.indexing import *
from farrier.ops.joining import *
from farrier.ops.linear_algebra import *
from farrier.ops.logic import *
from farrier.ops.normalization import *
from farrier.ops.pooling import *
from farrier.ops.powers import *
from farrier.ops.quantization import *
from farrier.ops.random import *
from farrier.ops.ranges import *
from farrier.ops.reduction import *
from farrier.ops.resizing import *
from farrier.ops.rounding import *
from farrier.ops.shape import *
from farrier.ops.sorting import *
from farrier.ops.trigonometry import *
from farrier.other_names import hint as _hint
from farrier.tensor import Tensor as Tensor, functions as _functions
from farrier.tensor.dimension_size import DimensionSize as DimensionSize
from farrier_runtime.devices import device as device
from farrier_runtime.dtypes import (
    bfloat16 as bfloat16,
    bool as bool,
    dtype as dtype,
    float8 as float8,
    float8_e4m3fn as float8_e4m3fn,
    float8_e5m2 as float8_e5m2,
    float16 as float16,
    float32 as float32,
    float64 as float64,
    floating as floating,
    int4 as int4,
    int8 as int8,
    int16 as int16,
    int32 as int32,
    int64 as int64,
    integer as integer,
    uint8 as uint8,
    uint16 as uint16,
    uint32 as uint32,
    uint64 as uint64,
)
from farrier_runtime.errors import (
    ArgumentError as ArgumentError,
    ArtifactError as ArtifactError,
    CompileError as CompileError,
    DeviceError as DeviceError,
    DtypeError as DtypeError,
    FarrierError as FarrierError,
    InputError as InputError,
    ParseError as ParseError,
    ShapeError as ShapeError,
    UnsupportedError as UnsupportedError,
)
from farrier_runtime.version import __version__ as __version__

TripyException = FarrierError

# The functions that methods and operators of tensors call.
_functions.functions.update({name: value for name, value in globals().items() if callable(value)})
globals().pop("tensor")  # the subpackage, where torch has a function
_PUBLIC = [name for name, value in globals().items() if not isinstance(value, _types.ModuleType)]


def __getattr__(name: str) -> _typing.NoReturn:
    hint = _hint(name, _PUBLIC)
    raise AttributeError(f"Module 'farrier' has no attribute '{name}'.{hint}")
