"""The kernel of AVX-512 VNNI for products and convolutions of bytes, as MLIR text.

IREE 3.13 multiplies int8 as pairs of 16 bits (`vpdpwssd`). The instruction `vpdpbusd` adds four
products of bytes, unsigned by signed, to each of 16 columns: 128 rows of 1024 x 1024 take 0.29 of
the time with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from farrier_compiler.sizes import is_static, upper
from farrier_runtime.dtypes import int8, int32

if TYPE_CHECKING:
    from farrier_compiler.graph import Shape, TensorType
    from farrier_compiler.ops.convolution import Convolution

COLUMNS = 16
"""How many columns one instruction computes."""

TERMS = 4
"""How many products it sums for each."""

PRODUCTS = 1 << 18
"""The fewest multiplications that are worth a kernel: fewer are faster fused with the rest."""

_SUMS = f"vector<{COLUMNS}xi32>"
_BYTES = f"vector<{COLUMNS * TERMS}xi8>"
_ROWS = 8  # with two tiles of columns: 16 sums are in flight, more than an addition's latency
_BLOCK = 32  # rows of one workgroup, a multiple of _ROWS
_PAIR = range(2)


def convolves(op: Convolution, x: TensorType, weight: TensorType, out: TensorType) -> bool:
    """Return whether the kernel computes a convolution."""
    bytes = x.dtype is int8 and weight.dtype is int8 and out.dtype is int32
    sizes = (*x.shape[1:], *weight.shape, *(amount for pair in op.padding for amount in pair))
    simple = op.layout == "channels_last" and op.groups == 1 and len(op.stride) in (1, 2)
    if not (bytes and simple and is_static(sizes)) or 0 in (x.shape[0], *sizes[: x.rank - 1]):
        return False
    products = math.prod(map(upper, out.shape[:-1])) * weight.size
    return x.shape[-1] % TERMS == 0 and products >= PRODUCTS


@dataclass(frozen=True)
class Kernel:
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
    """

    images: int | None
    lines: tuple[int, int]
    places: tuple[int | None, int | None]
    window: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    depth: int
    tiles: int

    @staticmethod
    def of_matrices(rows: int | None, depth: int, tiles: int) -> Kernel:
        """Return the kernel of a product (rows, depth, 4) x (tiles, depth, 16, 4)."""
        one = (1, 1)
        return Kernel(1, one, (rows, rows), one, one, one, depth, tiles)

    @staticmethod
    def of_convolution(
        op: Convolution, images: int | None, x: Shape, w: Shape, out: Shape
    ) -> Kernel:
        """Return the kernel of a convolution of one or two dimensions.

        Args:
            op: the convolution of an input that is padded already.
            images: how many there are; None: calls decide.
            x: the shape of the input, (N, [H,] W, C).
            w: the shape of the weight, ([I,] J, C, O).
            out: the shape of the kernel's result, (N, [H',] W', tiles, 16).
        """
        lines, places = zip(_two(x[1:-1]), _two(out[1:-2]), strict=True)
        steps = _two(op.stride), _two(op.dilation)
        return Kernel(images, lines, places, _two(w[:-2]), *steps, x[-1] // TERMS, out[-2])

    @property
    def name(self) -> str:
        """The symbol of the kernel."""
        sizes = (self.images, *self.lines, *self.places, self.depth * TERMS, self.tiles * COLUMNS)
        steps = (*self.window, *self.stride, *self.dilation)
        return "_".join(["bytes", *(str(size or "n") for size in (*sizes, *steps))])

    @property
    def is_static(self) -> bool:
        """Whether calls decide no size."""
        return None not in (self.images, *self.places)

    def text(self) -> str:
        """Return the executable."""
        argument = "" if self.is_static else "%size: index"
        bindings = [f"%b{place}: !stream.binding" for place in range(3)]
        arguments = [*bindings, *filter(None, [argument]), "%b3: !stream.binding"]
        return f"""
stream.executable private @{self.name} {{
  stream.executable.export public @{self.name} workgroups({argument}) -> (index, index, index) {{
    {self._counts()}
    %pairs = arith.constant {self.tiles // 2} : index
    %lines_of_all = arith.muli %images, %lines : index
    %one = arith.constant 1 : index
    %workgroups = arith.muli %lines_of_all, %blocks : index
    stream.return %pairs, %workgroups, %one : index, index, index
  }}
  builtin.module {{
    func.func @{self.name}({", ".join(arguments)}) {{
      {self._counts()}
      %zero = arith.constant 0 : index
      {_lines(_constant(number) for number in self._numbers())}
      {_lines(self._bindings())}
      %pair = hal.interface.workgroup.id[0] : index
      %tile0 = arith.muli %pair, %c2 : index
      %tile1 = arith.addi %tile0, %c1 : index
      %workgroup = hal.interface.workgroup.id[1] : index
      %block_of_line = arith.remui %workgroup, %blocks : index
      %line_of_all = arith.divui %workgroup, %blocks : index
      %line = arith.remui %line_of_all, %lines : index
      %image = arith.divui %line_of_all, %lines : index
      %first = arith.muli %block_of_line, %c{_BLOCK} : index
      %below = arith.subi %places, %first : index
      %count = arith.minui %below, %c{_BLOCK} : index
      %rest = arith.remui %count, %c{_ROWS} : index
      %whole = arith.subi %count, %rest : index
      %end = arith.addi %first, %whole : index
      scf.for %row = %first to %end step %c{_ROWS} {{{self._rows(_ROWS)}
      }}{self._remaining()}
      return
    }}
  }}
}}
"""

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
        return sorted({1, 2, 4, _ROWS, _BLOCK, self.depth, self.window[1] * self.depth, *steps})

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

    def _bindings(self) -> Iterable[str]:
        types = {"in": self._in, "weight": self._weight, "initial": self._initial, "out": self._out}
        for place, (name, type) in enumerate(types.items()):
            size = "{%size}" if "?" in type else ""
            source = f"stream.binding.subspan %b{place}[%zero] : !stream.binding"
            yield f"%{name} = {source} -> {type}{size}"

    def _remaining(self) -> str:
        """Return the rows behind the last whole step: four, two and one of them, by bits."""
        text, row, count = "", "%end", _ROWS // 2
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
        """Return `count` places of a line from `%row` on, in two tiles of columns."""
        sums = [f"{row}_{tile}" for row in range(count) for tile in _PAIR]
        stores = (
            f"vector.store %sums#{place}, "
            f"%out[%image, %line, %row{one[:-2]}, %tile{one[-1]}, %zero] : {self._out}, {_SUMS}"
            for place, one in enumerate(sums)
        )
        return f"""
        {_lines(_row(row) for row in range(count))}
        {_lines(self._load("initial", tile) for tile in _PAIR)}
        %from_line = arith.muli %line, %c{self.stride[0]} : index
        {_lines(_scaled(f"from{row}", f"row{row}", self.stride[1]) for row in range(count))}
        {_loop("sums", "i", self.window[0], "initial", "by_line", sums)}
          %i_step = arith.muli %i, %c{self.dilation[0]} : index
          %in_line = arith.addi %from_line, %i_step : index
          {_scaled("i_depth", "i", self.window[1] * self.depth)}
          {_loop("over_lines", "j", self.window[1], "by_line", "by_place", sums)}
            {_scaled("j_step", "j", self.dilation[1])}
            {_lines(f"%at{row} = arith.addi %from{row}, %j_step : index" for row in range(count))}
            {_scaled("j_depth", "j", self.depth)}
            %ij_depth = arith.addi %i_depth, %j_depth : index
            {_loop("over_places", "d", self.depth, "by_place", "sum", sums)}
              %k = arith.addi %ij_depth, %d : index
              {_lines(self._load("weight", tile) for tile in _PAIR)}
              {_lines(self._products(row) for row in range(count))}
            {_end([f"%next{one}" for one in sums])}
          {_end([f"%over_places#{place}" for place in range(len(sums))])}
        {_end([f"%over_lines#{place}" for place in range(len(sums))])}
        {_lines(stores)}"""

    def _load(self, name: str, tile: int) -> str:
        if name == "weight":
            source = f"%weight[%tile{tile}, %k, %zero] : {self._weight}, {_BYTES}"
        else:
            source = f"%initial[%tile{tile}, %zero] : {self._initial}, {_SUMS}"
        return f"%{name}{tile} = vector.load {source}"

    def _products(self, row: int) -> str:
        """Return the products of four bytes of a row, the same for all columns."""
        sums = (
            f"%next{row}_{tile} = llvm.call_intrinsic "
            f'"llvm.x86.avx512.vpdpbusd.512"(%sum{row}_{tile}, %bytes{row}, %weight{tile}) '
            f": ({_SUMS}, {_BYTES}, {_BYTES}) -> {_SUMS}"
            for tile in _PAIR
        )
        place = f"%in[%image, %in_line, %at{row}, %d, %zero] : {self._in}"
        return f"""%four{row} = vector.load {place}, vector<4xi8>
              %word{row} = vector.bitcast %four{row} : vector<4xi8> to vector<1xi32>
              %words{row} = vector.broadcast %word{row} : vector<1xi32> to {_SUMS}
              %bytes{row} = vector.bitcast %words{row} : {_SUMS} to {_BYTES}
              {_lines(sums)}"""


def _loop(result: str, index: str, size: int, start: str, name: str, sums: list[str]) -> str:
    """Return the head of a loop that adds to sums."""
    begin = [one[-1] if start == "initial" else one for one in sums]
    pairs = ", ".join(f"%{name}{a} = %{start}{b}" for a, b in zip(sums, begin, strict=True))
    types = ", ".join([_SUMS] * len(sums))
    head = f"%{result}:{len(sums)} = scf.for %{index} = %zero to %c{size} step %c1"
    return f"{head} iter_args({pairs}) -> ({types}) {{"


def _end(sums: list[str]) -> str:
    return f"scf.yield {', '.join(sums)} : {', '.join([_SUMS] * len(sums))}\n}}"


def _two(sizes: Sequence[int]) -> tuple[int, int]:
    """Return a size for each of two dimensions; of one dimension, a line is the whole image."""
    return (sizes[0], sizes[1]) if len(sizes) == 2 else (1, sizes[0])


def _row(row: int) -> str:
    return f"%r{row} = arith.constant {row} : index\n%row{row} = arith.addi %row, %r{row} : index"


def _scaled(name: str, value: str, factor: int) -> str:
    return f"%{name} = arith.muli %{value}, %c{factor} : index"


def _constant(number: int) -> str:
    return f"%c{number} = arith.constant {number} : index"


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(texts)
