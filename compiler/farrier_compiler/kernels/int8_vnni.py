"""Kernel for int8 matmuls and convolutions with AVX-512 VNNI or AVX-VNNI, as MLIR text.

IREE 3.13 multiplies int8 as pairs of 16 bits (`vpdpwssd`). The instruction `vpdpbusd` adds four
products of an unsigned and a signed byte to each of 16 or 8 columns: 128 rows of 1024 x 1024 take
0.29 of the time with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from farrier_compiler.sizes import is_static, upper_bound
from farrier_runtime.dtypes import int8, int32

if TYPE_CHECKING:
    from farrier_compiler.types.geometry import ConvolutionForm
    from farrier_compiler.types.tensor_type import Shape, TensorType

COLUMNS = 16
"""The number of columns in a tile of packed weights."""

TERMS = 4
"""The number of products that an instruction sums for each column."""

PRODUCTS = 1 << 18
"""The fewest multiplications that are worth a kernel; fewer are faster fused with other ops."""

_BLOCK = 32  # rows of a workgroup
_VECTORS = range(2)  # the vectors of columns that are computed at once


def convolves(op: ConvolutionForm, x: TensorType, weight: TensorType, out: TensorType) -> bool:
    """Return whether the kernel computes a convolution."""
    is_int8 = x.dtype is int8 and weight.dtype is int8 and out.dtype is int32
    sizes = (*x.shape[1:], *weight.shape, *(amount for pair in op.padding for amount in pair))
    simple = op.layout == "channels_last" and op.groups == 1 and len(op.stride) in (1, 2)
    if not (is_int8 and simple and is_static(sizes)) or 0 in (x.shape[0], *sizes[: x.rank - 1]):
        return False
    products = math.prod(map(upper_bound, out.shape[:-1])) * weight.size
    return x.shape[-1] % TERMS == 0 and products >= PRODUCTS


@dataclass(frozen=True)
class Int8Kernel:
    """`out[n, y, x, t, c] = initial[t, c] + sum in[n, y s + i g, x s + j g, d, b] w[t, k, c, b]`.

    The sum is over a window (i, j), d and b; k counts (i, j, d). A matmul has one image of height 1
    and a window of 1 x 1.

    Attributes:
        images: the size of n; None: dynamic.
        heights: the heights of input and result.
        widths: the widths of input and result; None for both: dynamic.
        window: the sizes of i and j.
        stride: the steps s of y and x.
        dilation: the steps g of i and j.
        depth: the size of d, a fourth of the channels.
        tiles: the size of t, an even number.
        lanes: how many columns an instruction computes: 16, or 8 with AVX-VNNI.
    """

    images: int | None
    heights: tuple[int, int]
    widths: tuple[int | None, int | None]
    window: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    depth: int
    tiles: int
    lanes: int = 16

    @staticmethod
    def of_matrices(rows: int | None, depth: int, tiles: int, lanes: int) -> Int8Kernel:
        """Return the kernel of a matmul (rows, depth, 4) x (tiles, depth, 16, 4)."""
        one = (1, 1)
        return Int8Kernel(1, one, (rows, rows), one, one, one, depth, tiles, lanes)

    @property
    def _rows_at_once(self) -> int:
        """Rows that, with two vectors of columns, fill half of the registers and hide latency."""
        return self.lanes // 2

    @property
    def _sums(self) -> str:
        return f"vector<{self.lanes}xi32>"

    @property
    def _bytes(self) -> str:
        return f"vector<{self.lanes * TERMS}xi8>"

    @staticmethod
    def of_convolution(
        op: ConvolutionForm, images: int | None, x: Shape, w: Shape, out: Shape, lanes: int
    ) -> Int8Kernel:
        """Return the kernel of a convolution with one or two spatial dimensions.

        Args:
            op: the convolution, for an input that is already padded.
            images: the batch size; None: dynamic.
            x: the shape of the input, (N, [H,] W, C).
            w: the shape of the weight, ([I,] J, C, O).
            out: the shape of the kernel's result, (N, [H',] W', tiles, 16).
            lanes: how many columns an instruction computes.
        """
        heights, widths = zip(_two(x[1:-1]), _two(out[1:-2]), strict=True)
        steps = _two(op.stride), _two(op.dilation)
        depth, tiles = x[-1] // TERMS, out[-2]
        return Int8Kernel(images, heights, widths, _two(w[:-2]), *steps, depth, tiles, lanes)

    @property
    def name(self) -> str:
        """The symbol of the kernel."""
        channels = (self.depth * TERMS, self.tiles * COLUMNS)
        sizes = (self.images, *self.heights, *self.widths, *channels)
        steps = (*self.window, *self.stride, *self.dilation)
        return "_".join([f"bytes{self.lanes}", *(str(size or "n") for size in (*sizes, *steps))])

    @property
    def is_static(self) -> bool:
        """Whether all sizes are static."""
        return None not in (self.images, *self.widths)

    @property
    def operands(self) -> Mapping[str, str]:
        """The input, the packed weight, what the sums begin with, and the sums."""
        return {
            "in": self._in,
            "weight": self._weight,
            "initial": self._initial,
            "out": self._out,
        }

    @property
    def sizes(self) -> Sequence[str]:
        """One dynamic size at most: of the images, or of the rows of a matrix."""
        return () if self.is_static else ("size",)

    @property
    def workgroups(self) -> str:
        """One workgroup for each block of rows of a line, and each pair of vectors of columns."""
        return f"""{self._counts()}
    %pairs = arith.constant {self.tiles * COLUMNS // (2 * self.lanes)} : index
    %lines = arith.muli %images, %height : index
    %one = arith.constant 1 : index
    %workgroups = arith.muli %lines, %blocks : index
    stream.return %pairs, %workgroups, %one : index, index, index"""

    @property
    def text(self) -> str:
        """A block of rows, as many at once as there are registers for."""
        return f"""{self._counts()}
      {_lines(_constant(number) for number in self._numbers())}
      %pair = hal.interface.workgroup.id[0] : index
      %start0 = arith.muli %pair, %c{2 * self.lanes} : index
      %start1 = arith.addi %start0, %c{self.lanes} : index
      {_lines(_position(vector) for vector in _VECTORS)}
      %workgroup = hal.interface.workgroup.id[1] : index
      %block = arith.remui %workgroup, %blocks : index
      %line_of_images = arith.divui %workgroup, %blocks : index
      %line = arith.remui %line_of_images, %height : index
      %image = arith.divui %line_of_images, %height : index
      %first = arith.muli %block, %c{_BLOCK} : index
      %left = arith.subi %width, %first : index
      %count = arith.minui %left, %c{_BLOCK} : index
      %rest = arith.remui %count, %c{self._rows_at_once} : index
      %whole = arith.subi %count, %rest : index
      %end = arith.addi %first, %whole : index
      scf.for %row = %first to %end step %c{self._rows_at_once} {{{self._rows(self._rows_at_once)}
      }}{self._remaining()}"""

    def _counts(self) -> str:
        """Return the batch size, height and width of the result, and the blocks in a line."""
        sizes = {"images": self.images, "height": self.heights[1], "width": self.widths[1]}
        counts = [
            f"%{name} = arith.{f'constant {size}' if size else 'addi %size, %none'} : index"
            for name, size in sizes.items()
        ]
        return f"""%none = arith.constant 0 : index
    {_lines(counts)}
    %most = arith.constant {_BLOCK} : index
    %blocks = arith.ceildivui %width, %most : index"""

    def _numbers(self) -> list[int]:
        steps = (*self.window, *self.stride, *self.dilation)
        lanes = (COLUMNS, self.lanes, 2 * self.lanes)
        rows = (1, 2, 4, self._rows_at_once, _BLOCK)
        return sorted({*rows, *lanes, *steps, self.depth, self.window[1] * self.depth})

    @property
    def _in(self) -> str:
        shape = (self.images, self.heights[0], self.widths[0], self.depth, TERMS)
        return f"memref<{'x'.join(str(size or '?') for size in shape)}xi8>"

    @property
    def _weight(self) -> str:
        depth = self.window[0] * self.window[1] * self.depth
        return f"memref<{self.tiles}x{depth}x{COLUMNS * TERMS}xi8>"

    @property
    def _initial(self) -> str:
        return f"memref<{self.tiles}x{COLUMNS}xi32>"

    @property
    def _out(self) -> str:
        shape = (self.images, self.heights[1], self.widths[1], self.tiles, COLUMNS)
        return f"memref<{'x'.join(str(size or '?') for size in shape)}xi32>"

    def _remaining(self) -> str:
        """Return the rows after the last whole step: 4, 2 and 1 of them, by the bits of %rest."""
        text, row, count = "", "%end", self._rows_at_once // 2
        while count:
            text += f"""
      %bit{count} = arith.andi %rest, %c{count} : index
      %has{count} = arith.cmpi ne, %bit{count}, %zero : index
      scf.if %has{count} {{
        %row = arith.addi {row}, %zero : index{self._rows(count)}
      }}
      %after{count} = arith.addi {row}, %bit{count} : index"""
            row, count = f"%after{count}", count // 2
        return text

    def _rows(self, count: int) -> str:
        """Return the code for `count` positions from `%row` on, in two vectors of columns."""
        sums = [f"{row}_{vector}" for row in range(count) for vector in _VECTORS]
        stores = (
            f"vector.store %sums#{index}, "
            f"%out[%image, %line, %row{one[:-2]}, %tile{one[-1]}, %column{one[-1]}] "
            f": {self._out}, {self._sums}"
            for index, one in enumerate(sums)
        )
        return f"""
        {_lines(_row(row) for row in range(count))}
        {_lines(self._load("initial", vector) for vector in _VECTORS)}
        %from_line = arith.muli %line, %c{self.stride[0]} : index
        {_lines(_scaled(f"from{row}", f"row{row}", self.stride[1]) for row in range(count))}
        {self._loop("sums", "i", self.window[0], "initial", "by_line", sums)}
          %i_step = arith.muli %i, %c{self.dilation[0]} : index
          %in_line = arith.addi %from_line, %i_step : index
          {_scaled("i_depth", "i", self.window[1] * self.depth)}
          {self._loop("over_lines", "j", self.window[1], "by_line", "by_position", sums)}
            {_scaled("j_step", "j", self.dilation[1])}
            {_lines(f"%at{row} = arith.addi %from{row}, %j_step : index" for row in range(count))}
            {_scaled("j_depth", "j", self.depth)}
            %ij_depth = arith.addi %i_depth, %j_depth : index
            {self._loop("over_positions", "d", self.depth, "by_position", "sum", sums)}
              %k = arith.addi %ij_depth, %d : index
              {_lines(self._load("weight", vector) for vector in _VECTORS)}
              {_lines(self._products(row) for row in range(count))}
            {self._end([f"%next{one}" for one in sums])}
          {self._end([f"%over_positions#{index}" for index in range(len(sums))])}
        {self._end([f"%over_lines#{index}" for index in range(len(sums))])}
        {_lines(stores)}"""

    def _load(self, name: str, vector: int) -> str:
        if name == "weight":
            source = f"%weight[%tile{vector}, %k, %byte{vector}] : {self._weight}, {self._bytes}"
        else:
            source = f"%initial[%tile{vector}, %column{vector}] : {self._initial}, {self._sums}"
        return f"%{name}{vector} = vector.load {source}"

    def _products(self, row: int) -> str:
        """Return the products of four bytes of a row, which are the same for all columns."""
        one, four = self._sums, self._bytes
        sums = (
            f"%next{row}_{vector} = llvm.call_intrinsic "
            f'"llvm.x86.avx512.vpdpbusd.{32 * self.lanes}"'
            f"(%sum{row}_{vector}, %bytes{row}, %weight{vector}) : ({one}, {four}, {four}) -> {one}"
            for vector in _VECTORS
        )
        source = f"%in[%image, %in_line, %at{row}, %d, %zero] : {self._in}"
        return f"""%four{row} = vector.load {source}, vector<4xi8>
              %word{row} = vector.bitcast %four{row} : vector<4xi8> to vector<1xi32>
              %words{row} = vector.broadcast %word{row} : vector<1xi32> to {one}
              %bytes{row} = vector.bitcast %words{row} : {one} to {four}
              {_lines(sums)}"""

    def _loop(
        self, result: str, index: str, size: int, start: str, name: str, sums: list[str]
    ) -> str:
        """Return the head of a loop that adds to sums."""
        begin = [one[-1] if start == "initial" else one for one in sums]
        pairs = ", ".join(f"%{name}{a} = %{start}{b}" for a, b in zip(sums, begin, strict=True))
        types = ", ".join([self._sums] * len(sums))
        head = f"%{result}:{len(sums)} = scf.for %{index} = %zero to %c{size} step %c1"
        return f"{head} iter_args({pairs}) -> ({types}) {{"

    def _end(self, sums: list[str]) -> str:
        return f"scf.yield {', '.join(sums)} : {', '.join([self._sums] * len(sums))}\n}}"


def _two(sizes: Sequence[int]) -> tuple[int, int]:
    """Return a size for each of two dimensions; with one dimension, the height is 1."""
    return (sizes[0], sizes[1]) if len(sizes) == 2 else (1, sizes[0])


def _position(vector: int) -> str:
    """Return the start of a vector of columns: its tile, and the column and byte in it."""
    return f"""%tile{vector} = arith.divui %start{vector}, %c{COLUMNS} : index
      %column{vector} = arith.remui %start{vector}, %c{COLUMNS} : index
      %byte{vector} = arith.muli %column{vector}, %c{TERMS} : index"""


def _row(row: int) -> str:
    return f"%r{row} = arith.constant {row} : index\n%row{row} = arith.addi %row, %r{row} : index"


def _scaled(name: str, value: str, factor: int) -> str:
    return f"%{name} = arith.muli %{value}, %c{factor} : index"


def _constant(number: int) -> str:
    return f"%c{number} = arith.constant {number} : index"


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(texts)
