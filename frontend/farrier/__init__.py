"""Farrier: neural networks as Python Modules, compiled to one vmfb that runs anywhere IREE runs."""

import difflib
import typing

from farrier import config as config
from farrier import types as types
from farrier.compile import (
    InputInfo as InputInfo,
)
from farrier.compile import (
    compile as compile,
)
from farrier.executable import Executable as Executable
from farrier.logger import logger as logger
from farrier.modules import (
    BatchNorm as BatchNorm,
)
from farrier.modules import (
    Conv as Conv,
)
from farrier.modules import (
    ConvTranspose as ConvTranspose,
)
from farrier.modules import (
    Embedding as Embedding,
)
from farrier.modules import (
    GroupNorm as GroupNorm,
)
from farrier.modules import (
    InstanceNorm as InstanceNorm,
)
from farrier.modules import (
    LayerNorm as LayerNorm,
)
from farrier.modules import (
    Linear as Linear,
)
from farrier.modules import (
    Module as Module,
)
from farrier.modules import (
    NLinear as NLinear,
)
from farrier.modules import (
    Parameter as Parameter,
)
from farrier.modules import (
    RMSNorm as RMSNorm,
)
from farrier.modules import (
    Sequential as Sequential,
)
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
from farrier.ops.resizing import *
from farrier.ops.shape import *
from farrier.ops.sorting import *
from farrier.stream import Stream as Stream
from farrier.stream import default_stream as default_stream
from farrier.tensor import Tensor as Tensor
from farrier_runtime.device import device as device
from farrier_runtime.dtypes import (
    bfloat16 as bfloat16,
)
from farrier_runtime.dtypes import (
    bool as bool,
)
from farrier_runtime.dtypes import (
    dtype as dtype,
)
from farrier_runtime.dtypes import (
    float8 as float8,
)
from farrier_runtime.dtypes import (
    float8_e4m3fn as float8_e4m3fn,
)
from farrier_runtime.dtypes import (
    float8_e5m2 as float8_e5m2,
)
from farrier_runtime.dtypes import (
    float16 as float16,
)
from farrier_runtime.dtypes import (
    float32 as float32,
)
from farrier_runtime.dtypes import (
    float64 as float64,
)
from farrier_runtime.dtypes import (
    floating as floating,
)
from farrier_runtime.dtypes import (
    int4 as int4,
)
from farrier_runtime.dtypes import (
    int8 as int8,
)
from farrier_runtime.dtypes import (
    int16 as int16,
)
from farrier_runtime.dtypes import (
    int32 as int32,
)
from farrier_runtime.dtypes import (
    int64 as int64,
)
from farrier_runtime.dtypes import (
    integer as integer,
)
from farrier_runtime.dtypes import (
    uint8 as uint8,
)
from farrier_runtime.dtypes import (
    uint16 as uint16,
)
from farrier_runtime.dtypes import (
    uint32 as uint32,
)
from farrier_runtime.dtypes import (
    uint64 as uint64,
)
from farrier_runtime.errors import (
    ArgumentError as ArgumentError,
)
from farrier_runtime.errors import (
    ArtifactError as ArtifactError,
)
from farrier_runtime.errors import (
    CompileError as CompileError,
)
from farrier_runtime.errors import (
    DeviceError as DeviceError,
)
from farrier_runtime.errors import (
    DtypeError as DtypeError,
)
from farrier_runtime.errors import (
    FarrierError as FarrierError,
)
from farrier_runtime.errors import (
    InputError as InputError,
)
from farrier_runtime.errors import (
    ParseError as ParseError,
)
from farrier_runtime.errors import (
    ShapeError as ShapeError,
)
from farrier_runtime.version import __version__ as __version__

TripyException = FarrierError


def __getattr__(name: str) -> typing.NoReturn:
    near = difflib.get_close_matches(name, globals(), 1)
    hint = f" Did you mean: '{near[0]}'?" if near else ""
    raise AttributeError(f"Module 'farrier' has no attribute '{name}'.{hint}")
