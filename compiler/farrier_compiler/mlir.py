"""The door to IREE's compiler: MLIR modules under construction, diagnostics, phases, vmfb bytes."""
# pyright: basic, reportAttributeAccessIssue=false, reportMissingModuleSource=false

from __future__ import annotations

import ctypes
import io
import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from iree.compiler import ir
from iree.compiler.api import Output, Session, ctypes_dl
from iree.compiler.api import _initializeGlobalCL as _initialize_globals

from farrier_compiler.graph import TensorType
from farrier_compiler.mlir_text import (
    PHASES,
    RESOURCE_BYTES,
    SCOPE,
    Place,
    element_text,
    is_splat,
    nested_text,
    quoted,
    scalar_text,
    type_text,
)
from farrier_runtime.errors import ArgumentError, CompileError

if TYPE_CHECKING:
    from farrier_compiler.graph import Array

__all__ = [
    "PHASES",
    "Body",
    "CompilationFailed",
    "Handle",
    "Place",
    "Program",
    "device_attribute",
    "element_text",
    "is_session_flag",
    "scalar_text",
    "set_global_flags",
    "type_text",
]

Handle = Any  # an ir.Value
Body = Callable[[Sequence[Handle]], Sequence[Handle]]

_logger = logging.getLogger("farrier")


class Program:
    """An MLIR module under construction, and its way through IREE.

    Args:
        flags: session flags, which IREE freezes when the context is made.

    Raises:
        ArgumentError: IREE has no such session flag, or it takes other values.
    """

    def __init__(self, flags: Sequence[str] = ()) -> None:
        self.session = Session()
        _set_flags(self.session, flags)
        self.context = self.session.context
        self.context.load_all_available_dialects()
        self.context.allow_unregistered_dialects = False
        self._unknown = ir.Location.unknown(self.context)
        self.module = ir.Module.create(self._unknown)
        self._point: Any = ir.InsertionPoint(self.module.body)
        self._location = self._unknown
        self._types: dict[str, Any] = {}
        self._attributes: dict[str, Any] = {}
        self._resources: dict[tuple[int, str], tuple[Array, Any]] = {}
        self._parameters: dict[str, str] = {}

    @classmethod
    def read(cls, path: str | os.PathLike[str], flags: Sequence[str] = ()) -> Program:
        """Return a program from a file of MLIR text or bytecode.

        Raises:
            CompilationFailed: the file is no valid MLIR.
        """
        program = cls(flags)
        try:
            # From a file, which IREE maps: bytecode must lie aligned in memory, and bytes do not.
            program.module = ir.Module.parseFile(os.fspath(path), program.context)
        except ir.MLIRError as error:
            raise CompilationFailed(_diagnostics(error)) from None
        return program

    # ------------------------------------------------------------------ building

    def at(self, place: Place | None) -> None:
        """Give the operations that follow this location."""
        if place is None:
            self._location = self._unknown
            return
        inner = ir.Location.file(place.file, place.line, place.column, self.context)
        self._location = ir.Location.name(place.name, inner, self.context) if place.name else inner

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
                "sym_name": quoted(name),
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

    def parameter(self, key: str, type: TensorType) -> Handle:
        """Emit the load of a weight that stays outside of the vmfb, in the scope `SCOPE`."""
        text = type_text(type)
        if key not in self._parameters:
            symbol = self._parameters[key] = f"parameter_{len(self._parameters)}"
            self._declare_parameter(symbol, key, text)
        reference = {"global": f"@{self._parameters[key]}"}
        return self._create("util.global.load", [text], [], reference, regions=0).results[0]

    def _declare_parameter(self, symbol: str, key: str, text: str) -> None:
        attributes = {
            "sym_name": quoted(symbol),
            "sym_visibility": '"private"',
            "type": text,
            "initial_value": f"#flow.parameter.named<{quoted(SCOPE)}::{quoted(key)}> : {text}",
        }
        outer, self._point = self._point, ir.InsertionPoint.at_block_begin(self.module.body)
        self._create("util.global", [], [], attributes, regions=0)
        self._point = outer

    def _elements(self, name: str, array: Array, type: TensorType) -> Any:
        if array.nbytes >= RESOURCE_BYTES and type.dtype.short != "bool":
            return self._resource(name, array, type_text(type))
        if array.size and is_splat(array):
            return self.attribute(
                f"dense<{scalar_text(array.flat[0], type.dtype)}> : {type_text(type)}"
            )
        if not array.size:
            return self.attribute(f"dense<> : {type_text(type)}")
        return self.attribute(f"dense<{nested_text(array, type.dtype)}> : {type_text(type)}")

    def _resource(self, name: str, array: Array, type: str) -> Any:
        """Refer to an array's memory, which is kept alive; one array is one resource."""
        found = self._resources.get((id(array), type))
        if found is None:
            data = np.ascontiguousarray(array)
            made = ir.DenseResourceElementsAttr.get_from_buffer(
                data.view(np.uint8), name, self.type(type), 64, False, self.context
            )
            found = self._resources[id(array), type] = (array, made)
        return found[1]

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
            CompilationFailed: naming the operation and the rule.
        """
        try:
            self.module.operation.verify()
        except ir.MLIRError as error:
            raise CompilationFailed(_diagnostics(error)) from None

    def text(self, weights: bool = False, locations: bool = False) -> str:
        """Return the module's text.

        Args:
            weights: print the elements of large constants too.
            locations: print where each operation comes from.
        """
        return _text(self.module.operation, weights, locations)

    def bytecode(self) -> bytes:
        """Return the module as MLIR bytecode, weights included."""
        buffer = io.BytesIO()
        self.module.operation.write_bytecode(buffer)
        return buffer.getvalue()

    # ------------------------------------------------------------------ compiling

    def compile(self) -> bytes:
        """Run IREE's pipeline on a copy of the module and return the vmfb.

        Raises:
            CompilationFailed: the compiler refused the program.
        """
        with _invocation(self.session, self.module.operation.clone()) as invocation:
            invocation.run()
            return invocation.vmfb()

    def phases(self, to: str = PHASES[-1], weights: bool = False) -> Iterator[tuple[str, str]]:
        """Run IREE's pipeline on a copy of the module, and yield each phase's name and IR.

        Args:
            to: the last phase to run.
            weights: print the elements of large constants too.

        Raises:
            CompilationFailed: the compiler refused the program.
        """
        copy = self.module.operation.clone()
        previous: str | None = None
        for phase in PHASES[: PHASES.index(to) + 1]:
            with _invocation(self.session, copy) as invocation:
                invocation.run(previous, phase)
            yield phase, _text(copy, weights)
            previous = phase


Diagnostics = list[tuple[str, str]]


class CompilationFailed(CompileError):
    """IREE refused a program; what it said is still in its own words.

    Attributes:
        diagnostics: severity and text of each message, in order.
    """

    def __init__(self, diagnostics: Diagnostics) -> None:
        self.diagnostics = diagnostics
        super().__init__("\n".join(self.errors) or "The compiler failed and did not say why.")

    @property
    def errors(self) -> list[str]:
        """The texts of the errors."""
        return [message for severity, message in self.diagnostics if severity == "error"]


def device_attribute(flags: Sequence[str]) -> str:
    """Return the text of the `#hal.device.target` attribute that session flags stand for."""
    program = Program(flags)
    module = program.module.operation
    with _invocation(program.session, module) as invocation:
        invocation.run(to="preprocessing")
        device = module.regions[0].blocks[0].operations[0].attributes["initial_value"]
        return str(device).removesuffix(" : !hal.device")


def set_global_flags(flags: Sequence[str]) -> None:
    """Set flags of the whole process; a wrong one ends it, so this is for the worker."""
    _initialize_globals("farrier", *flags)


def is_session_flag(flag: str) -> bool:
    """Return whether a flag is known to sessions; if not, it may be one of the whole process.

    Raises:
        ArgumentError: it is, but its value does not fit.
    """
    try:
        Session().set_flags(flag)
    except ValueError as error:
        if "option not found" in str(error):
            return False
        raise ArgumentError(_flag_error(flag)) from None
    return True


def _set_flags(session: Any, flags: Sequence[str]) -> None:
    for flag in flags:
        try:
            session.set_flags(flag)
        except ValueError:
            raise ArgumentError(_flag_error(flag)) from None


def _flag_error(flag: str) -> str:
    return (
        f"IREE's compiler does not take the flag {flag!r}: no session flag has that name or value."
    )


def _text(operation: Any, weights: bool, locations: bool = False) -> str:
    limit = {} if weights else {"large_elements_limit": 64, "large_resource_limit": 64}
    text = operation.get_asm(enable_debug_info=locations, **limit)
    return re.sub(r"\{-#\s*#-\}\s*$", "", text).rstrip() + "\n"


@contextmanager
def _invocation(session: Any, operation: Any) -> Iterator[_Invocation]:
    """One use of the pipeline, which works on `operation` in place."""
    invocation = session.invocation()
    try:
        yield _Invocation(invocation, operation)
    finally:
        invocation.close()


class _Invocation:
    def __init__(self, invocation: Any, operation: Any) -> None:
        self.invocation = invocation
        self.diagnostics: Diagnostics = []
        self._callback = _watch(invocation, self.diagnostics)  # must live as long as the invocation
        invocation.import_module(operation)

    def run(self, after: str | None = None, to: str | None = None) -> None:
        if after is not None:
            _compile_from(self.invocation._inv_p, after.encode())
        if to is not None:
            _compile_to(self.invocation._inv_p, to.encode())
        if not self.invocation.execute():
            raise CompilationFailed(self.diagnostics)
        for severity, message in self.diagnostics:
            _logger.info("IREE says (%s): %s", severity, message)

    def vmfb(self) -> bytes:
        output = Output.open_membuffer()
        try:
            self.invocation.output_vm_bytecode(output)
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
_compile_from = _prototype(
    "ireeCompilerInvocationSetCompileFromPhase", ctypes.c_void_p, ctypes.c_char_p
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
    return "[" + ", ".join(f"{{{attribute} = {quoted(name)}}}" for name, _ in items) + "]"


def _diagnostics(error: Any) -> Diagnostics:
    """The messages of an MLIR exception, each after its place in the source."""
    return [("error", _place_text(d.location) + d.message) for d in error.error_diagnostics]


def _place_text(location: Any) -> str:
    found = re.search(r'"([^"]*)":(\d+):(\d+)', str(location))
    return f"{found[1]}:{found[2]}:{found[3]}: " if found else ""
