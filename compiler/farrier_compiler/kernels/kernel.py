"""The protocol of kernels that are written as MLIR text, and the executables that hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class Kernel(Protocol):
    """A kernel: what one workgroup computes, and how many workgroups there are."""

    @property
    def name(self) -> str:
        """The kernel's symbol, another one for each text."""
        ...

    @property
    def operands(self) -> Mapping[str, str]:
        """The memref type of each operand by its name in the text; the last one is the result."""
        ...

    @property
    def sizes(self) -> Sequence[str]:
        """The names in the texts of the dynamic sizes that a call passes."""
        ...

    @property
    def workgroups(self) -> str:
        """MLIR that ends in `stream.return` of the number of workgroups in three dimensions."""
        ...

    @property
    def text(self) -> str:
        """MLIR that computes what one workgroup does, with `%zero` and the operands at hand."""
        ...


def executable(kernel: Kernel) -> str:
    """Return the executable that holds a kernel, as MLIR text."""
    count = len(kernel.operands)
    sizes = [f"%{name}: index" for name in kernel.sizes]
    bindings = [f"%binding{index}: !stream.binding" for index in range(count)]
    arguments = ", ".join([*bindings[:-1], *sizes, bindings[-1]])
    operands = "\n      ".join(
        f"%{name} = stream.binding.subspan %binding{index}[%zero] : !stream.binding -> "
        f"{type}{_dynamic(type, kernel.sizes)}"
        for index, (name, type) in enumerate(kernel.operands.items())
    )
    return f"""
stream.executable private @{kernel.name} {{
  stream.executable.export public @{kernel.name}
      workgroups({", ".join(sizes)}) -> (index, index, index) {{
    {kernel.workgroups}
  }}
  builtin.module {{
    func.func @{kernel.name}({arguments}) {{
      %zero = arith.constant 0 : index
      {operands}
      {kernel.text}
      return
    }}
  }}
}}
"""


def _dynamic(type: str, sizes: Sequence[str]) -> str:
    """Return the sizes of a memref's unknown dimensions: all of them are the kernel's own."""
    names = ", ".join(f"%{name}" for name in sizes)
    return f"{{{names}}}" if "?" in type else ""
