"""Construction, parsing and compilation of MLIR modules."""
# pyright: basic, reportAttributeAccessIssue=false

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from farrier_compiler.mlir.compiler import diagnostics_of, invocation_of, ir, session_with
from farrier_compiler.mlir.failure import CompilationFailed
from farrier_compiler.mlir.text import (
    PHASES,
    RESOURCE_BYTES,
    SCOPE,
    Place,
    is_splat,
    mlir_dtype,
    nested_text,
    scalar_text,
    string_attribute,
    type_text,
)
from farrier_compiler.types.tensor_type import TensorType

if TYPE_CHECKING:
    from farrier_compiler.types.elements import Array

Handle = Any  # an ir.Value
Body = Callable[[Sequence[Handle]], Sequence[Handle]]


# The phases of IREE after which these hold.
_DEVICE_IS_CHOSEN = "preprocessing"
_CODE_IS_WRITTEN = "hal"

# Function names become file names, which most systems limit to 255 bytes.
_LONGEST_SYMBOL = 100


class MlirModule:
    """An MLIR module, to build or parse and then compile with IREE.

    Args:
        flags: session flags, which IREE freezes when the context is created.

    Raises:
        ArgumentError: IREE has no such session flag, or the flag does not take this value.
    """

    def __init__(self, flags: Sequence[str] = ()) -> None:
        self.session = session_with(flags)
        self.context = self.session.borrowed
        self._unknown = ir.Location.unknown(self.context)
        module = ir.Module.create(self._unknown)
        self.root = module.operation
        self.body = module.body
        self._point: Any = ir.InsertionPoint(self.body)
        self._location = self._unknown
        self._types: dict[str, Any] = {}
        self._attributes: dict[str, Any] = {}
        self._resources: dict[tuple[int, str], tuple[Array, Any]] = {}
        self._parameters: dict[str, str] = {}
        self._declared: set[str] = set()
        self._renamed: dict[str, str] = {}
        self.source: Any = None

    @classmethod
    def read(cls, file: int, name: str, flags: Sequence[str] = ()) -> MlirModule:
        """Return a program from an open file of MLIR text or bytecode.

        Args:
            file: the descriptor of the file.
            name: its name in diagnostics.
            flags: session flags.

        Raises:
            CompilationFailed: the file is not valid MLIR.
        """
        program = cls(flags)
        with invocation_of(program.session) as invocation:
            program.root, program.source = invocation.parse(file, name)
        return program

    # ------------------------------------------------------------------ building

    def at(self, place: Place | None) -> None:
        """Set the location of the operations that follow."""
        if place is None:
            self._location = self._unknown
            return
        inner = ir.Location.file(place.file, place.line, place.column, self.context)
        self._location = ir.Location.name(place.name, inner, self.context) if place.name else inner

    def type(self, text: str) -> Any:
        """Return an MLIR type from its text."""
        if text not in self._types:
            self._types[text] = ir.Type.parse(text, self.context)
        return self._types[text]

    def attribute(self, text: str) -> Any:
        """Return an MLIR attribute from its text."""
        if text not in self._attributes:
            self._attributes[text] = ir.Attribute.parse(text, self.context)
        return self._attributes[text]

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
        symbol = self._symbol(name)
        types = ", ".join(text for _, text in inputs)
        results = ", ".join(text for _, text in outputs)
        function = self._create(
            "func.func",
            [],
            [],
            {
                "sym_name": string_attribute(symbol),
                "function_type": f"({types}) -> ({results})",
                "arg_attrs": _names("iree.abi.name", inputs),
                "res_attrs": _names("iree.abi.name", outputs),
            },
            regions=1,
        )
        self._fill(function.regions[0], [text for _, text in inputs], body, "func.return")

    def _symbol(self, name: str) -> str:
        """Return a symbol that is fit for file names; `compile` restores the name."""
        if len(name.encode()) <= _LONGEST_SYMBOL and "/" not in name:
            return name
        symbol = f"function_{len(self._renamed)}"
        self._renamed[symbol] = name
        return symbol

    def operation(
        self,
        name: str,
        results: Sequence[str],
        operands: Sequence[Handle],
        attributes: Mapping[str, str] | None = None,
        bodies: Sequence[tuple[Sequence[str], Body]] = (),
        terminator: str = "stablehlo.return",
        empty_regions: int = 0,
    ) -> list[Handle]:
        """Emit an operation and return its results.

        Args:
            name: the operation's full name.
            results: type text of each result.
            operands: the values it reads.
            attributes: attribute texts by name.
            bodies: the argument types and the body of each region.
            terminator: the operation that ends each region.
            empty_regions: how many regions without operations follow those.
        """
        regions = len(bodies) + empty_regions
        operation = self._create(name, results, operands, attributes or {}, regions)
        for region, (types, body) in zip(operation.regions, bodies, strict=False):
            self._fill(region, types, body, terminator)
        return list(operation.results)

    def declare(self, name: str, text: str) -> None:
        """Add the operation in a text, once for each name."""
        if name not in self._declared:
            self._declared.add(name)
            self.body.append(ir.Operation.parse(text, context=self.context))

    def constant(self, name: str, array: Array, type: TensorType) -> Handle:
        """Emit a constant; a large one refers to the array's memory instead of copying it."""
        attribute = self._elements(name, array, type)
        operation = ir.Operation.create(
            "stablehlo.constant",
            results=[attribute.type],
            attributes={"value": attribute},
            loc=self._location,
            ip=self._point,
        )
        return operation.results[0]

    def parameter(self, key: str, type: TensorType) -> Handle:
        """Emit the load of an external weight, in the scope `SCOPE`."""
        # IREE 3.13 has no unsigned globals, so the bits are loaded as signless integers.
        text = type_text(type).replace("xui", "xi")
        if key not in self._parameters:
            symbol = self._parameters[key] = f"parameter_{len(self._parameters)}"
            self._declare_parameter(symbol, key, text)
        reference = {"global": f"@{self._parameters[key]}"}
        loaded = self._create("util.global.load", [text], [], reference, regions=0).results[0]
        if not type.dtype.is_unsigned:
            return loaded
        return self.operation("stablehlo.bitcast_convert", [type_text(type)], [loaded])[0]

    def _declare_parameter(self, symbol: str, key: str, text: str) -> None:
        place = f"{string_attribute(SCOPE)}::{string_attribute(key)}"
        attributes = {
            "sym_name": string_attribute(symbol),
            "sym_visibility": '"private"',
            "type": text,
            "initial_value": f"#flow.parameter.named<{place}> : {text}",
        }
        outer, self._point = self._point, ir.InsertionPoint.at_block_begin(self.body)
        self._create("util.global", [], [], attributes, regions=0)
        self._point = outer

    def _elements(self, name: str, array: Array, type: TensorType) -> Any:
        text = type_text(type)
        repeated = not any(array.strides)  # a broadcast number has no memory to refer to
        if not array.size:
            return self.attribute(f"dense<> : {text}")
        if repeated or (array.nbytes < RESOURCE_BYTES and is_splat(array)):
            return self.attribute(f"dense<{scalar_text(array.flat[0], type.dtype)}> : {text}")
        if type.dtype.bits < 8 or (type.dtype.short == "bool" and array.nbytes >= RESOURCE_BYTES):
            return self._packed(array, type)
        if array.nbytes >= RESOURCE_BYTES:
            return self._resource(name, array, type)
        return self.attribute(f"dense<{nested_text(array, type.dtype)}> : {text}")

    def _resource(self, name: str, array: Array, type: TensorType) -> Any:
        """Refer to an array's memory, which is kept alive; each array becomes one resource."""
        key = (id(array), type_text(type))
        if key not in self._resources:
            data = np.ascontiguousarray(array).view(np.uint8)
            resource = ir.DenseResourceElementsAttr.get_from_buffer(
                data, name, self.type(key[1]), 64, False, self.context
            )
            self._resources[key] = (array, resource)
        return self._resources[key][1]

    def _packed(self, array: Array, type: TensorType) -> Any:
        """Copy elements smaller than a byte."""
        if type.dtype.bits < 8:
            # IREE 3.13 packs two per byte without masking the sign bits of the first.
            array = array.astype(np.int8) & 0x0F
        return ir.DenseElementsAttr.get(
            np.ascontiguousarray(array),
            shape=type.shape,
            type=self.type(mlir_dtype(type.dtype)),
            context=self.context,
        )

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

    # ------------------------------------------------------------------ reading

    def verify(self) -> None:
        """Verify the module.

        Raises:
            CompilationFailed: it is not valid; the text names the operation and the rule.
        """
        try:
            self.root.verify()
        except ir.MLIRError as error:
            raise CompilationFailed(diagnostics_of(error), phase="verify") from None

    def text(self, weights: bool = False, locations: bool = False) -> str:
        """Return the module's text.

        Args:
            weights: print the elements of large constants too.
            locations: print where each operation comes from.
        """
        return _text(self.root, weights, locations)

    def bytecode(self) -> bytes:
        """Return the module as MLIR bytecode with its weights."""
        buffer = io.BytesIO()
        self.root.write_bytecode(buffer)
        return buffer.getvalue()

    # ------------------------------------------------------------------ compiling

    def compile(self, file: int) -> str:
        """Compile the module to an open file; this consumes the module and closes the file.

        Returns:
            The device that the flags choose; empty where the module itself chooses one.

        Raises:
            CompilationFailed: the compiler refused the program.
        """
        device = self.device()
        with invocation_of(self.session) as invocation:
            if self._renamed:
                invocation.run(self.root, _DEVICE_IS_CHOSEN, _CODE_IS_WRITTEN)
                self._rename()
        with invocation_of(self.session) as invocation:
            invocation.run(self.root, _CODE_IS_WRITTEN if self._renamed else _DEVICE_IS_CHOSEN)
            invocation.write(file)
        return device

    def _rename(self) -> None:
        """Restore the names of functions that were not fit for file names."""
        for operation in self.root.regions[0].blocks[0].operations:
            if "iree.reflection" in operation.attributes:  # all public functions have it
                symbol = operation.attributes["sym_name"].value
                name = string_attribute(self._renamed.get(str(symbol), str(symbol)))
                # The reflection goes on naming the symbol, but only its types are read.
                operation.attributes["sym_name"] = self.attribute(name)

    def device(self) -> str:
        """Run the first phases on the module in place, and return the device that flags choose."""
        with invocation_of(self.session) as invocation:
            invocation.run(self.root, to=_DEVICE_IS_CHOSEN)
        first = self.root.regions[0].blocks[0].operations[0]
        if "initial_value" not in first.attributes:
            return ""
        return str(first.attributes["initial_value"]).removesuffix(" : !hal.device")

    def phases(self, to: str = PHASES[-1], weights: bool = False) -> Iterator[tuple[str, str]]:
        """Run IREE's pipeline on a copy of the module, and yield the name and IR of each phase.

        Args:
            to: the last phase to run.
            weights: print the elements of large constants too.

        Raises:
            CompilationFailed: the compiler refused the program.
        """
        copy = self.root.clone()
        previous: str | None = None
        for phase in PHASES[: PHASES.index(to) + 1]:
            with invocation_of(self.session) as invocation:
                invocation.run(copy, previous, phase)
            yield phase, _text(copy, weights)
            previous = phase


def device_attribute(flags: Sequence[str]) -> str:
    """Return the text of the `#hal.device.target` attribute that session flags stand for."""
    return MlirModule(flags).device()


def _text(operation: Any, weights: bool, locations: bool = False) -> str:
    limit = {} if weights else {"large_elements_limit": 64, "large_resource_limit": 64}
    text = operation.get_asm(enable_debug_info=locations, **limit)
    return re.sub(r"\{-#\s*#-\}\s*$", "", text).rstrip() + "\n"


def _names(attribute: str, items: Sequence[tuple[str, str]]) -> str:
    return "[" + ", ".join(f"{{{attribute} = {string_attribute(name)}}}" for name, _ in items) + "]"
