"""StableHLO files, whose functions are described by IREE's ABI declarations."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from farrier.commands.command_line import UsageError
from farrier_runtime.dtypes import BY_SHORT_NAME
from farrier_runtime.errors import ArgumentError, CompileError

if TYPE_CHECKING:
    from farrier.commands.source.base import Dump
    from farrier_compiler.driver import Compiled, Options
    from farrier_compiler.driver.targets import Target
    from farrier_runtime.manifest import Function, TensorSpec

_DECLARATION = re.compile(
    r'iree\.abi\.declaration = "sync func @([^"(]+)\(([^"]*)\) -> \(([^"]*)\)"'
)
_TENSOR = re.compile(
    r"%(?P<name>[^:]+): tensor<(?P<type>[^>]*)>"
    r"(?: \{iree\.abi\.encoding = tensor<(?P<real>[^>]*)>\})?"
)
_ELEMENTS = {
    **BY_SHORT_NAME,
    **{f"ui{name[1:]}": dtype for name, dtype in BY_SHORT_NAME.items() if name[0] == "u"},
    "i1": BY_SHORT_NAME["bool"],
}
Result = TypeVar("Result")


@dataclass(frozen=True)
class StablehloSource:
    """A module of StableHLO, with one public function or several.

    Attributes:
        path: the file.
        source: MLIR text or bytecode.
    """

    path: Path
    source: bytes

    @property
    def name(self) -> str:
        """The name of the artifact, which is the file's."""
        return self.path.stem

    def compile(self, targets: Sequence[Target], settings: Options) -> Compiled:
        """Return the artifact.

        Raises:
            CompileError: IREE rejected the module, or Farrier cannot describe its functions.
        """
        from farrier_compiler.driver import compile_module

        functions = tuple(self._functions(targets, settings))
        if not functions:
            raise CompileError(
                f"{self.path} exports no synchronous function: make one public, on tensors of "
                "MLIR's own types. Functions of the torch dialect are asynchronous: convert them "
                "first."
            )
        return self._explained(
            lambda: compile_module(self.path.name, self.source, functions, targets, settings)
        )

    def after_passes(self, targets: Sequence[Target], settings: Options) -> Iterator[Dump]:
        """Yield nothing, since Farrier's passes work on graphs."""
        del targets, settings
        return iter(())

    def stage(
        self, stage: str, targets: Sequence[Target], settings: Options, weights: bool
    ) -> Iterator[Dump]:
        """Yield the IR of one of IREE's phases.

        Raises:
            ArgumentError: the stage comes before StableHLO, or is generated code.
        """
        from farrier_compiler.driver import PHASES

        if stage not in PHASES:
            raise ArgumentError(
                f"--dump {stage}: {self.path} is StableHLO already, which has only IREE's phases: "
                f"{', '.join(PHASES)}."
            )
        phases = self._phases(targets, settings, stage, weights)
        return ((f"{name}.mlir", text) for name, text in phases if name == stage)

    def all_stages(
        self, targets: Sequence[Target], settings: Options, weights: bool
    ) -> Iterator[Dump]:
        """Yield the IR of each of IREE's phases."""
        from farrier_compiler.driver import PHASES

        phases = self._phases(targets, settings, PHASES[-1], weights)
        return ((f"{name}.mlir", text) for name, text in phases)

    def _phases(
        self, targets: Sequence[Target], settings: Options, to: str, weights: bool
    ) -> list[tuple[str, str]]:
        from farrier_compiler.driver import module_phases

        arguments = (self.path.name, self.source, targets, settings, to, weights)
        return self._explained(lambda: list(module_phases(*arguments)))

    def _functions(self, targets: Sequence[Target], settings: Options) -> Iterator[Function]:
        from farrier_runtime.manifest import Function

        text = self._phases(targets, settings, "abi", weights=False)[-1][1]
        for name, inputs, outputs in _DECLARATION.findall(text):
            arguments, results = self._specs(inputs), self._specs(outputs)
            tree = 0 if len(results) == 1 else {"tuple": list(range(len(results)))}
            yield Function(name, arguments, results, tree)

    def _specs(self, text: str) -> tuple[TensorSpec, ...]:
        return tuple(self._spec(part) for part in re.split(r", (?=%)", text) if part)

    def _spec(self, text: str) -> TensorSpec:
        from farrier_runtime.manifest import TensorSpec

        match = _TENSOR.fullmatch(text)
        *sizes, element = (match["real"] or match["type"]).split("x") if match else [""]
        dtype = _ELEMENTS.get(element.lower())
        if match is None or dtype is None or not all(map(str.isdecimal, sizes)):
            raise CompileError(
                f"{self.path}: {text} cannot be passed: inputs and outputs are tensors of fixed "
                "sizes and of Farrier's data types."
            )
        return TensorSpec(match["name"], dtype, tuple(map(int, sizes)))

    def _explained(self, compile: Callable[[], Result]) -> Result:
        from farrier_compiler.driver import CompilationFailed

        try:
            return compile()
        except CompilationFailed as failure:
            report = str(failure)
            line = report.partition("\n")[0]
            problem = re.sub(r"^[^\s:]*:(\d+):(\d+):", r"line \1, column \2:", line)
            error = CompileError(f"IREE cannot compile {self.path}: {problem}.")
            error.add_note(f"IREE's report:\n{report}")
            raise error from None


def read(path: Path, options: argparse.Namespace) -> StablehloSource:
    """Return the module in a file.

    Raises:
        ArgumentError: the file is empty.
        UsageError: an option applies to graphs only.
    """
    for option in ("weights", "function_name", "passes"):
        if getattr(options, option) is not None:
            raise UsageError(
                f"--{option.replace('_', '-')} is for graphs; {path} is StableHLO already."
            )
    source = path.read_bytes()
    if not source:
        raise ArgumentError(f"{path} is empty.")
    return StablehloSource(path, source)
