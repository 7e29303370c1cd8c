"""Comparison of a manifest with the types that the module itself declares."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from farrier_runtime.dtypes import BY_SHORT_NAME, dtype
from farrier_runtime.errors import ArtifactError
from farrier_runtime.manifest import Function, TensorSpec

_TENSOR = r"%[^\s:,()]+: tensor<[^<>]*>(?: \{iree\.abi\.encoding = tensor<[^<>]*>\})?"
_TENSORS = rf"\(((?:{_TENSOR}(?:, {_TENSOR})*)?)\)"
_DECLARATION = re.compile(rf"sync func @.*?{_TENSORS} -> {_TENSORS}", re.DOTALL)
_TYPE = re.compile(r"tensor<([^<>]*)>(?: \{iree\.abi\.encoding = tensor<([^<>]*)>\})?")


def check(functions: Iterable[Function], declaration: Callable[[str], str]) -> None:
    """Refuse a manifest whose functions differ from the module's.

    Arrays are read and written by the manifest, so a wrong one would touch memory outside them.

    Args:
        functions: the functions of the manifest.
        declaration: returns what the module declares of the function of a name.

    Raises:
        ArtifactError: inputs or outputs differ in number, data type or shape.
    """
    for function in functions:
        text = declaration(function.name)
        if text.startswith("sync func @") and text.endswith(_signature(function)):
            continue  # an input may have any name, also one that breaks the pattern
        declared = _DECLARATION.fullmatch(text)
        if declared is None:
            raise ArtifactError(
                f"the module does not say what types {function.name} has, so its manifest "
                f"cannot be trusted. {_CURE}"
            )
        inputs, outputs = declared.groups()
        _compare(f"{function.name} takes", function.inputs, inputs)
        _compare(f"{function.name} returns", function.outputs, outputs)


def _signature(function: Function) -> str:
    inputs, outputs = (
        ", ".join(f"%{spec.name}: {_declared_type(spec)}" for spec in part)
        for part in (function.inputs, function.outputs)
    )
    return f"({inputs}) -> ({outputs})"


def _declared_type(spec: TensorSpec) -> str:
    type = _spec_type(spec)
    if not spec.dtype.is_unsigned:
        return f"tensor<{type}>"
    return f"tensor<{_signless(type)}> {{iree.abi.encoding = tensor<{type}>}}"


def _signless(type: str) -> str:
    return type.replace("ui", "i")


def _compare(verb: str, specs: Sequence[TensorSpec], declared: str) -> None:
    described = [_spec_type(spec) for spec in specs]
    actual = [
        encoded if _signless(encoded) == plain else plain
        for plain, encoded in _TYPE.findall(declared)
    ]
    if described != actual:
        raise ArtifactError(
            f"the manifest is not the module's: it says that {verb} {_listed(described)}, but "
            f"in the module it is {_listed(actual)}. {_CURE}"
        )


_CURE = "Use the file that Farrier saved, or compile again"


def _spec_type(spec: TensorSpec) -> str:
    """Return the type as the module spells it, for example `?x3xf32`."""
    sizes = [str(size) if isinstance(size, int) else "?" for size in spec.shape]
    return "x".join([*sizes, _element(spec.dtype)])


def _element(dtype: dtype) -> str:
    if dtype.name == "int4":  # passed as int8
        return "i8"
    special = {"bool": "i1", "f8e4m3fn": "f8E4M3FN", "f8e5m2": "f8E5M2"}
    if dtype.is_unsigned:
        return f"u{dtype.short.replace('u', 'i')}"
    return special.get(dtype.short, dtype.short)


_DTYPES = {_element(dtype): dtype.name for dtype in BY_SHORT_NAME.values() if dtype.bits >= 8}


def _listed(types: Sequence[str]) -> str:
    """Return types in the user's words, for example `float32[?, 3], bool[]`."""
    return ", ".join(map(_readable, types)) or "nothing"


def _readable(type: str) -> str:
    *sizes, element = type.split("x")
    return f"{_DTYPES.get(element, element)}[{', '.join(sizes)}]"
