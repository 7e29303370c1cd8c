"""The kernel of AVX-512 VNNI and AVX-VNNI for products and convolutions of bytes, as MLIR text.

IREE 3.13 multiplies int8 as pairs of 16 bits (`vpdpwssd`). The instruction `vpdpbusd` adds four
products of bytes, unsigned by signed, to each of 16 columns, or of 8: 128 rows of 1024 x 1024 take
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
"""How many columns a tile of packed weights has."""

TERMS = 4
"""How many products one instruction sums for each column."""

PRODUCTS = 1 << 18
"""The fewest multiplications that are worth a kernel: fewer are faster fused with the rest."""

_BLOCK = 32  # rows of one workgroup
_PAIR = range(2)  # vectors of columns that are computed at once


def convolves(op: ConvolutionForm, x: TensorType, weight: TensorType, out: TensorType) -> bool:
    """Return whether the kernel computes a convolution."""
    bytes = x.dtype is int8 and weight.dtype is int8 and out.dtype is int32
    sizes = (*x.shape[1:], *weight.shape, *(amount for pair in op.padding for amount in pair))
    simple = op.layout == "channels_last" and op.groups == 1 and len(op.stride) in (1, 2)
    if not (bytes and simple and is_static(sizes)) or 0 in (x.shape[0], *sizes[: x.rank - 1]):
        return False
    products = math.prod(map(upper_bound, out.shape[:-1])) * weight.size
    return x.shape[-1] % TERMS == 0 and products >= PRODUCTS


@dataclass(frozen=True)
class Int8Kernel:
    """`out[n, y, x, t, c] = initial[t, c] + sum in[n, y s + i g, x s + j g, d, b] w[t, k, c, b]`.

    The sum is over a window (i, j), d and b; k counts (i, j, d). A product of matrices has one
    image of one line, and a window of one place.

    Attributes:
        images: the size of n; None: calls decide.
        lines: how many lines of the input, and of the result, an image has.
        places: how many places a line of them has; None for both: calls decide.
        window: the sizes of i and j.
        stride: the steps s of y and x.
        dilation: the steps g of i and j.
        depth: the size of d: a fourth of the channels.
        tiles: the size of t, an even number.
        lanes: how many columns one instruction computes: 16, or 8 with AVX-VNNI.
    """

    images: int | None
    lines: tuple[int, int]
    places: tuple[int | None, int | None]
    window: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    depth: int
    tiles: int
    lanes: int = 16

    @staticmethod
    def of_matrices(rows: int | None, depth: int, tiles: int, lanes: int) -> Int8Kernel:
        """Return the kernel of a product (rows, depth, 4) x (tiles, depth, 16, 4)."""
        one = (1, 1)
        return Int8Kernel(1, one, (rows, rows), one, one, one, depth, tiles, lanes)

    @property
    def _rows_at_once(self) -> int:
        """With two vectors of columns, half of the registers: more than an addition's latency."""
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
        """Return the kernel of a convolution of one or two dimensions.

        Args:
            op: the convolution of an input that is padded already.
            images: how many there are; None: calls decide.
            x: the shape of the input, (N, [H,] W, C).
            w: the shape of the weight, ([I,] J, C, O).
            out: the shape of the kernel's result, (N, [H',] W', tiles, 16).
            lanes: how many columns one instruction computes.
        """
        lines, places = zip(_two(x[1:-1]), _two(out[1:-2]), strict=True)
        steps = _two(op.stride), _two(op.dilation)
        return Int8Kernel(
            images, lines, places, _two(w[:-2]), *steps, x[-1] // TERMS, out[-2], lanes
        )

    @property
    def name(self) -> str:
        """The symbol of the kernel."""
        sizes = (self.images, *self.lines, *self.places, self.depth * TERMS, self.tiles * COLUMNS)
        steps = (*self.window, *self.stride, *self.dilation)
        return "_".join([f"bytes{self.lanes}", *(str(size or "n") for size in (*sizes, *steps))])

    @property
    def is_static(self) -> bool:
        """Whether calls decide no size."""
        return None not in (self.images, *self.places)

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
    %lines_of_all = arith.muli %images, %lines : index
    %one = arith.constant 1 : index
    %workgroups = arith.muli %lines_of_all, %blocks : index
    stream.return %pairs, %workgroups, %one : index, index, index"""

    @property
    def text(self) -> str:
        """A block of rows, as many at once as there are registers for."""
        return f"""{self._counts()}
      {_lines(_constant(number) for number in self._numbers())}
      %pair = hal.interface.workgroup.id[0] : index
      %start0 = arith.muli %pair, %c{2 * self.lanes} : index
      %start1 = arith.addi %start0, %c{self.lanes} : index
      {_lines(_place(vector) for vector in _PAIR)}
      %workgroup = hal.interface.workgroup.id[1] : index
      %block_of_line = arith.remui %workgroup, %blocks : index
      %line_of_all = arith.divui %workgroup, %blocks : index
      %line = arith.remui %line_of_all, %lines : index
      %image = arith.divui %line_of_all, %lines : index
      %first = arith.muli %block_of_line, %c{_BLOCK} : index
      %below = arith.subi %places, %first : index
      %count = arith.minui %below, %c{_BLOCK} : index
      %rest = arith.remui %count, %c{self._rows_at_once} : index
      %whole = arith.subi %count, %rest : index
      %end = arith.addi %first, %whole : index
      scf.for %row = %first to %end step %c{self._rows_at_once} {{{self._rows(self._rows_at_once)}
      }}{self._remaining()}"""

    def _counts(self) -> str:
        """Return the sizes of the result, in images, lines, places and blocks of them."""
        sizes = {"images": self.images, "lines": self.lines[1], "places": self.places[1]}
        made = [
            f"%{name} = arith.{f'constant {size}' if size else 'addi %size, %none'} : index"
            for name, size in sizes.items()
        ]
        return f"""%none = arith.constant 0 : index
    {_lines(made)}
    %most = arith.constant {_BLOCK} : index
    %blocks = arith.ceildivui %places, %most : index"""

    def _numbers(self) -> list[int]:
        steps = (*self.window, *self.stride, *self.dilation)
        lanes = (COLUMNS, self.lanes, 2 * self.lanes)
        rows = (1, 2, 4, self._rows_at_once, _BLOCK)
        return sorted({*rows, *lanes, *steps, self.depth, self.window[1] * self.depth})

    @property
    def _in(self) -> str:
        shape = (self.images, self.lines[0], self.places[0], self.depth, TERMS)
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
        shape = (self.images, self.lines[1], self.places[1], self.tiles, COLUMNS)
        return f"memref<{'x'.join(str(size or '?') for size in shape)}xi32>"

    def _remaining(self) -> str:
        """Return the rows behind the last whole step: four, two and one of them, by bits."""
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
        """Return `count` places of a line from `%row` on, in two vectors of columns."""
        sums = [f"{row}_{vector}" for row in range(count) for vector in _PAIR]
        stores = (
            f"vector.store %sums#{place}, "
            f"%out[%image, %line, %row{one[:-2]}, %tile{one[-1]}, %column{one[-1]}] "
            f": {self._out}, {self._sums}"
            for place, one in enumerate(sums)
        )
        return f"""
        {_lines(_row(row) for row in range(count))}
        {_lines(self._load("initial", vector) for vector in _PAIR)}
        %from_line = arith.muli %line, %c{self.stride[0]} : index
        {_lines(_scaled(f"from{row}", f"row{row}", self.stride[1]) for row in range(count))}
        {self._loop("sums", "i", self.window[0], "initial", "by_line", sums)}
          %i_step = arith.muli %i, %c{self.dilation[0]} : index
          %in_line = arith.addi %from_line, %i_step : index
          {_scaled("i_depth", "i", self.window[1] * self.depth)}
          {self._loop("over_lines", "j", self.window[1], "by_line", "by_place", sums)}
            {_scaled("j_step", "j", self.dilation[1])}
            {_lines(f"%at{row} = arith.addi %from{row}, %j_step : index" for row in range(count))}
            {_scaled("j_depth", "j", self.depth)}
            %ij_depth = arith.addi %i_depth, %j_depth : index
            {self._loop("over_places", "d", self.depth, "by_place", "sum", sums)}
              %k = arith.addi %ij_depth, %d : index
              {_lines(self._load("weight", vector) for vector in _PAIR)}
              {_lines(self._products(row) for row in range(count))}
            {self._end([f"%next{one}" for one in sums])}
          {self._end([f"%over_places#{place}" for place in range(len(sums))])}
        {self._end([f"%over_lines#{place}" for place in range(len(sums))])}
        {_lines(stores)}"""

    def _load(self, name: str, vector: int) -> str:
        if name == "weight":
            source = f"%weight[%tile{vector}, %k, %byte{vector}] : {self._weight}, {self._bytes}"
        else:
            source = f"%initial[%tile{vector}, %column{vector}] : {self._initial}, {self._sums}"
        return f"%{name}{vector} = vector.load {source}"

    def _products(self, row: int) -> str:
        """Return the products of four bytes of a row, the same for all columns."""
        one, four = self._sums, self._bytes
        sums = (
            f"%next{row}_{vector} = llvm.call_intrinsic "
            f'"llvm.x86.avx512.vpdpbusd.{32 * self.lanes}"'
            f"(%sum{row}_{vector}, %bytes{row}, %weight{vector}) : ({one}, {four}, {four}) -> {one}"
            for vector in _PAIR
        )
        place = f"%in[%image, %in_line, %at{row}, %d, %zero] : {self._in}"
        return f"""%four{row} = vector.load {place}, vector<4xi8>
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
    """Return a size for each of two dimensions; of one dimension, a line is the whole image."""
    return (sizes[0], sizes[1]) if len(sizes) == 2 else (1, sizes[0])


def _place(vector: int) -> str:
    """Return where a vector of columns begins: its tile, and columns and bytes into it."""
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
