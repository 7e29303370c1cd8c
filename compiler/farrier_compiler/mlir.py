"""The door to IREE's compiler: MLIR modules under construction, diagnostics, phases, vmfb bytes."""
# pyright: basic, reportAttributeAccessIssue=false, reportMissingModuleSource=false

from __future__ import annotations

import ctypes
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from farrier_runtime.dtypes import dtype
from farrier_runtime.errors import CompileError, FarrierError
from iree.compiler import ir
from iree.compiler.api import Output, Session, Source, ctypes_dl

from farrier_compiler.graph import TensorType

if TYPE_CHECKING:
    from farrier_compiler.graph import Array

Handle = Any  # an ir.Value
Body = Callable[[Sequence[Handle]], Sequence[Handle]]

PHASES = (
    "input",
    "abi",
    "preprocessing",
    "global-optimization",
    "dispatch-creation",
    "flow",
    "stream",
    "executable-sources",
    "executable-configurations",
    "executable-targets",
    "hal",
    "vm",
)

# Weights from this size on are referenced, not copied, and dumps elide them.
RESOURCE_BYTES = 1024

_ELEMENTS = {
    "f8e4m3fn": "f8E4M3FN",
    "f8e5m2": "f8E5M2",
    "bool": "i1",
    "u64": "ui64",
    "u32": "ui32",
    "u16": "ui16",
    "u8": "ui8",
}


def element_text(dtype: dtype) -> str:
    """Return MLIR's name of a data type."""
    return _ELEMENTS.get(dtype.short, dtype.short)


def type_text(type: TensorType) -> str:
    """Return MLIR's text of a tensor type."""
    return f"tensor<{''.join(f'{size}x' for size in type.shape)}{element_text(type.dtype)}>"


@dataclass(frozen=True)
class Place:
    """Where an operation comes from: a layer's name and a line of the user's source."""

    name: str
    file: str
    line: int
    column: int


class Program:
    """An MLIR module under construction, and its way through IREE.

    Args:
        flags: session flags, which IREE freezes when the context is made.
    """

    def __init__(self, flags: Sequence[str] = ()) -> None:
        self.session = Session()
        if flags:
            self.session.set_flags(*flags)
        self.context = self.session.context
        self.context.load_all_available_dialects()
        self.context.allow_unregistered_dialects = False
        self._unknown = ir.Location.unknown(self.context)
        self.module = ir.Module.create(self._unknown)
        self._point: Any = ir.InsertionPoint(self.module.body)
        self._location = self._unknown
        self._types: dict[str, Any] = {}
        self._attributes: dict[str, Any] = {}

    @classmethod
    def parse(cls, source: bytes, flags: Sequence[str] = ()) -> Program:
        """Return a program from MLIR text or bytecode.

        Raises:
            CompileError: the source is no valid MLIR.
        """
        program = cls(flags)
        try:
            program.module = ir.Module.parse(source, program.context)
        except ir.MLIRError as error:
            raise CompileError(_mlir_error_text(error)) from None
        return program

    # ------------------------------------------------------------------ building

    def at(self, place: Place | None) -> None:
        """Give the operations that follow this location."""
        if place is None:
            self._location = self._unknown
            return
        inner = ir.Location.file(place.file, place.line, place.column, self.context)
        self._location = (
            ir.Location.name(place.name, inner, self.context) if place.name else inner
        )

    def type(self, text: str) -> Any:
        """Return an MLIR type from its text."""
        found = self._types.get(text)
        if found is None:
            found = self._types[text] = ir.Type.parse(text, self.context)
        return found

    def attribute(self, text: str) -> Any:
        """Return an MLIR attribute from its text."""
        found = self._attributes.get(text)
        if found is None:
            found = self._attributes[text] = ir.Attribute.parse(text, self.context)
        return found

    def function(
        self,
        name: str,
        inputs: Sequence[tuple[str, str]],
        outputs: Sequence[tuple[str, str]],
        body: Body,
    ) -> None:
        """Add a public function.

        Args:
            name: its symbol.
            inputs: name and type text of each argument.
            outputs: name and type text of each result.
            body: emits the function's operations, given its arguments, and returns its results.
        """
        types = ", ".join(text for _, text in inputs)
        results = ", ".join(text for _, text in outputs)
        function = self._create(
            "func.func",
            [],
            [],
            {
                "sym_name": f'"{name}"',
                "function_type": f"({types}) -> ({results})",
                "arg_attrs": _names("iree.abi.name", inputs),
                "res_attrs": _names("iree.abi.name", outputs),
            },
            regions=1,
        )
        self._fill(function.regions[0], [text for _, text in inputs], body, "func.return")

    def operation(
        self,
        name: str,
        results: Sequence[str],
        operands: Sequence[Handle],
        attributes: Mapping[str, str] | None = None,
        bodies: Sequence[tuple[Sequence[str], Body]] = (),
    ) -> list[Handle]:
        """Emit an operation and return its results.

        Args:
            name: the operation's full name.
            results: type text of each result.
            operands: the values it reads.
            attributes: attribute texts by name.
            bodies: for each region, its argument types and what emits it.
        """
        made = self._create(name, results, operands, attributes or {}, regions=len(bodies))
        for region, (types, body) in zip(made.regions, bodies, strict=True):
            self._fill(region, types, body, "stablehlo.return")
        return list(made.results)

    def constant(self, name: str, array: Array, type: TensorType) -> Handle:
        """Emit a constant; a large one refers to the array's memory and is not copied."""
        attribute = self._elements(name, array, type)
        made = ir.Operation.create(
            "stablehlo.constant",
            results=[attribute.type],
            attributes={"value": attribute},
            loc=self._location,
            ip=self._point,
        )
        return made.results[0]

    def _elements(self, name: str, array: Array, type: TensorType) -> Any:
        mlir_type = self.type(type_text(type))
        if array.nbytes >= RESOURCE_BYTES and type.dtype.short != "bool":
            data = np.ascontiguousarray(array)
            return ir.DenseResourceElementsAttr.get_from_buffer(
                data.view(np.uint8), name, mlir_type, 64, False, self.context
            )
        if array.size and _is_splat(array):
            return self.attribute(f"dense<{scalar_text(array.flat[0], type.dtype)}> : {type_text(type)}")
        if not array.size:
            return self.attribute(f"dense<> : {type_text(type)}")
        return self.attribute(f"dense<{_nested_text(array, type.dtype)}> : {type_text(type)}")

    def _create(
        self,
        name: str,
        results: Sequence[str],
        operands: Sequence[Handle],
        attributes: Mapping[str, str],
        regions: int,
    ) -> Any:
        return ir.Operation.create(
            name,
            results=[self.type(text) for text in results],
            operands=list(operands),
            attributes={key: self.attribute(text) for key, text in attributes.items()},
            regions=regions,
            loc=self._location,
            ip=self._point,
        )

    def _fill(self, region: Any, types: Sequence[str], body: Body, terminator: str) -> None:
        block = region.blocks.append(
            *[self.type(text) for text in types], arg_locs=[self._location] * len(types)
        )
        outer, self._point = self._point, ir.InsertionPoint(block)
        try:
            self._create(terminator, [], body(list(block.arguments)), {}, regions=0)
        finally:
            self._point = outer

    def set_module_attribute(self, name: str, text: str) -> None:
        """Set an attribute of the module itself."""
        self.module.operation.attributes[name] = self.attribute(text)

    # ------------------------------------------------------------------ reading

    def verify(self) -> None:
        """Check the module by its dialects' rules.

        Raises:
            CompileError: naming the operation and the rule.
        """
        try:
            self.module.operation.verify()
        except ir.MLIRError as error:
            raise CompileError(_mlir_error_text(error)) from None

    def text(self, weights: bool = False, locations: bool = False) -> str:
        """Return the module's text.

        Args:
            weights: print the elements of large constants too.
            locations: print where each operation comes from.
        """
        limit = {} if weights else {"large_elements_limit": 64, "large_resource_limit": 64}
        return self.module.operation.get_asm(enable_debug_info=locations, **limit) + "\n"

    def bytecode(self) -> bytes:
        """Return the module as MLIR bytecode, weights included."""
        buffer = io.BytesIO()
        self.module.operation.write_bytecode(buffer)
        return buffer.getvalue()

    # ------------------------------------------------------------------ compiling

    def compile(self, to: str | None = None, on_error: Callable[[Diagnostics], FarrierError] | None = None) -> bytes:
        """Run IREE's pipeline on a copy of the module.

        Args:
            to: stop after this phase and return its IR as text; None: return the vmfb.
            on_error: makes the exception from the compiler's diagnostics.

        Raises:
            CompileError: the compiler refused the program.
        """
        invocation = self.session.invocation()
        diagnostics: Diagnostics = []
        callback = _watch(invocation, diagnostics)
        fail = on_error or (lambda found: CompileError(diagnostics_text(found)))
        try:
            if to is not None:
                _compile_to(invocation._inv_p, to.encode())
            invocation.import_module(self.module.operation.clone())
            if not invocation.execute():
                raise fail(diagnostics)
            return _output(invocation, as_text=to is not None)
        finally:
            invocation.close()
            del callback


Diagnostics = list[tuple[str, str]]


def diagnostics_text(diagnostics: Diagnostics) -> str:
    """Return the errors among a compiler's diagnostics, one a line."""
    errors = [message for severity, message in diagnostics if severity == "error"]
    return "\n".join(errors) or "the compiler failed and did not say why"


def place_of(message: str) -> tuple[str, int, int] | None:
    """Return file, line and column that a diagnostic begins with."""
    found = re.match(r'"?(?P<file>[^"\n]+?)"?:(?P<line>\d+):(?P<column>\d+): ', message)
    if found is None:
        return None
    return found["file"], int(found["line"]), int(found["column"])


def compiler_version() -> str:
    """Return the version of IREE's compiler, for example `3.13.0`."""
    from importlib.metadata import version

    return version("iree-base-compiler")


def _output(invocation: Any, as_text: bool) -> bytes:
    output = Output.open_membuffer()
    try:
        if as_text:
            invocation.output_ir(output)
        else:
            invocation.output_vm_bytecode(output)
        return bytes(output.map_memory())
    finally:
        output.close()


_SEVERITIES = {0: "note", 1: "warning", 2: "error", 3: "remark"}
_Callback = ctypes.CFUNCTYPE(
    None, ctypes.c_int, ctypes.POINTER(ctypes.c_char), ctypes.c_size_t, ctypes.c_void_p
)


def _prototype(name: str, *arguments: Any) -> Any:
    function = getattr(ctypes_dl._dylib, name)
    function.restype, function.argtypes = None, list(arguments)
    return function


_enable_callback = _prototype(
    "ireeCompilerInvocationEnableCallbackDiagnostics",
    ctypes.c_void_p,
    ctypes.c_int,
    _Callback,
    ctypes.c_void_p,
)
_compile_to = _prototype(
    "ireeCompilerInvocationSetCompileToPhase", ctypes.c_void_p, ctypes.c_char_p
)


def _watch(invocation: Any, diagnostics: Diagnostics) -> Any:
    """Collect diagnostics through the C API: a Python handler would abort the process."""

    def receive(severity: int, message: Any, size: int, _: Any) -> None:
        text = ctypes.string_at(message, size).decode(errors="replace")
        diagnostics.append((_SEVERITIES.get(severity, "note"), text))

    callback = _Callback(receive)
    _enable_callback(invocation._inv_p, 0, callback, None)
    return callback


def _names(attribute: str, items: Sequence[tuple[str, str]]) -> str:
    return "[" + ", ".join(f'{{{attribute} = "{name}"}}' for name, _ in items) + "]"


def _mlir_error_text(error: Any) -> str:
    return "\n".join(f"{d.message} ({d.location})" for d in error.error_diagnostics)


def _is_splat(array: Array) -> bool:
    return array.size == 1 or bool((array.view(np.uint8).reshape(array.size, -1) == array.reshape(-1)[:1].view(np.uint8)).all())


def _nested_text(array: Array, dtype: dtype) -> str:
    if array.ndim == 0:
        return scalar_text(array[()], dtype)
    return "[" + ", ".join(_nested_text(part, dtype) for part in array) + "]"


def scalar_text(value: Any, dtype: dtype) -> str:
    """Return the MLIR literal of a number, exact for floats."""
    if dtype.short == "bool":
        return "true" if value else "false"
    if dtype.is_integer:
        return str(int(value))
    number = float(value)
    if np.isfinite(number):
        return f"{number:.17e}" if dtype.bits == 64 else f"{number:.9e}"
    bits = int(np.asarray(value, dtype.numpy).view(f"u{dtype.numpy.itemsize}"))
    return f"0x{bits:0{dtype.numpy.itemsize * 2}X}"
