"""The manifest of an artifact, `farrier.json`: functions, targets, requirements and weights."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

from farrier_runtime.dimension import Dimension, Size
from farrier_runtime.dtypes import DTYPES, dtype
from farrier_runtime.errors import ArgumentError, ArtifactError
from farrier_runtime.version import __version__

FORMAT = 1

# How deep a result may nest, because walking it recurses and Python versions differ in their limit.
_DEEPEST = 100

ResultTree: TypeAlias = int | dict[str, Any]


@dataclass(frozen=True)
class TensorSpec:
    """The name, data type and shape of an input, an output or a parameter.

    Attributes:
        name: its name.
        dtype: the data type.
        shape: a number or a dynamic dimension for each dimension.
        value: the dimension whose size this input is; None for all others.
    """

    name: str
    dtype: dtype
    shape: tuple[Size, ...]
    value: Dimension | None = None

    @property
    def is_static(self) -> bool:
        """Whether every size is a number."""
        return all(isinstance(size, int) for size in self.shape)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The shape of a static tensor."""
        return cast("tuple[int, ...]", self.shape)

    def __str__(self) -> str:
        """The name and the type, for example `x: float32[2, 3]`."""
        return f"{self.name}: {self.type}"

    @property
    def usual_sizes(self) -> tuple[int, ...]:
        """The shape with the most frequent size of each dynamic dimension."""
        return tuple(size if isinstance(size, int) else size.opt for size in self.shape)

    @property
    def type(self) -> str:
        """The data type and the shape as text, for example `float32[2, 3]`."""
        sizes = (str(size) if isinstance(size, int) else size.name for size in self.shape)
        return f"{self.dtype.name}[{', '.join(sizes)}]"

    @property
    def json(self) -> dict[str, Any]:
        """The tensor's entry in the manifest."""
        value = {"value": _size_json(self.value)} if self.value else {}
        shape = list(map(_size_json, self.shape))
        return {"name": self.name, "dtype": self.dtype.name, "shape": shape, **value}


def _size_json(size: Size) -> int | dict[str, Any]:
    return size if isinstance(size, int) else asdict(size)


def shape_fits(shape: tuple[int, ...], spec: TensorSpec) -> bool:
    """Return whether a shape has an input's rank and static sizes; dynamic sizes may be any.

    Args:
        shape: the sizes of an array.
        spec: the input.
    """
    return len(shape) == len(spec.shape) and all(
        isinstance(wanted, Dimension) or size == wanted
        for size, wanted in zip(shape, spec.shape, strict=True)
    )


@dataclass(frozen=True)
class Function:
    """One function of an artifact.

    Attributes:
        name: its name, also that of the exported VM function.
        inputs: the inputs in call order.
        outputs: the outputs in the order in which the VM function returns them.
        result: the result of a call, as a tree of output indices. An output is an int; a collection
            is `{"list": [...]}`, `{"tuple": [...]}` or `{"dict": {...}}`.
    """

    name: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    result: ResultTree

    def __str__(self) -> str:
        """The signature, for example `add(x: float32[2], y: float32[2]) -> float32[2]`."""
        inputs = ", ".join(map(str, self.inputs))
        return f"{self.name}({inputs}) -> {_result_text(self.result, self.outputs)}"

    @property
    def json(self) -> dict[str, Any]:
        """The function's entry in the manifest."""
        inputs, outputs = ([spec.json for spec in part] for part in (self.inputs, self.outputs))
        return {"name": self.name, "inputs": inputs, "outputs": outputs, "result": self.result}


def _result_text(tree: ResultTree, outputs: tuple[TensorSpec, ...]) -> str:
    if isinstance(tree, int):
        return outputs[tree].type
    ((collection, items),) = tree.items()
    if collection == "dict":
        texts = [f"{key!r}: {_result_text(item, outputs)}" for key, item in items.items()]
        return "{" + ", ".join(texts) + "}"
    texts = [_result_text(item, outputs) for item in items]
    if collection == "list":
        return "[" + ", ".join(texts) + "]"
    return "(" + ", ".join(texts) + ("," if len(texts) == 1 else "") + ")"


@dataclass(frozen=True)
class CpuRequirements:
    """The CPU that an artifact's code needs: architecture and LLVM feature names."""

    architecture: str
    features: tuple[str, ...]


@dataclass(frozen=True)
class Parameters:
    """External weights, in a file beside the artifact.

    Attributes:
        file: the file's name, a `.safetensors` or `.irpa` in the artifact's folder.
        scope: the scope of the parameters in the module.
        entries: the tensors that the file must hold.
        hashes: the sha256 of the elements of each, by name; one without a hash may have any.
    """

    file: str
    scope: str
    entries: tuple[TensorSpec, ...]
    hashes: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])

    @property
    def json(self) -> dict[str, Any]:
        """The manifest's entry."""
        entries = {entry.name: self._entry_json(entry) for entry in self.entries}
        return {"file": self.file, "scope": self.scope, "entries": entries}

    def _entry_json(self, entry: TensorSpec) -> dict[str, Any]:
        hash = self.hashes.get(entry.name)
        described = {"dtype": entry.dtype.name, "shape": list(entry.shape)}
        return {**described, "hash": hash} if hash else described


@dataclass(frozen=True)
class Manifest:
    """The contents of `farrier.json`.

    Attributes:
        iree: the version of the IREE compiler that made the module.
        targets: the targets it was compiled for, the default first: `cpu:znver5`, `cuda:sm_80`.
        functions: the functions, the default first.
        cpu: the requirements of CPU code, or None where there is none.
        parameters: the external weights, or None where they are in the artifact.
        graph: the op graph as text, for people.
        farrier: the version of Farrier that made the artifact.
        module_hash: sha256 of the vmfb without `farrier.json`; `to_bytes` fills it in.
    """

    iree: str
    targets: tuple[str, ...]
    functions: tuple[Function, ...]
    cpu: CpuRequirements | None = None
    parameters: Parameters | None = None
    graph: str = ""
    farrier: str = __version__
    module_hash: str = ""

    def to_json(self) -> str:
        """Return the JSON text of `farrier.json`."""
        cpu, parameters = self.cpu, self.parameters
        document = {
            "format": FORMAT,
            "farrier": self.farrier,
            "iree": self.iree,
            "targets": list(self.targets),
            "cpu": cpu and {"architecture": cpu.architecture, "features": list(cpu.features)},
            "functions": [function.json for function in self.functions],
            "parameters": parameters and parameters.json,
            "hashes": {"module": self.module_hash},
            "graph": self.graph,
        }
        return json.dumps(document, indent=1, ensure_ascii=False) + "\n"

    @staticmethod
    def from_json(text: str | bytes) -> Manifest:
        """Parse `farrier.json`, and check every field.

        Args:
            text: JSON text.

        Returns:
            The manifest.

        Raises:
            ArtifactError: a field is missing, unknown or not valid, or the text has another format
                version.
        """
        try:
            return _parse(text)
        except RecursionError:
            raise _too_deep() from None


def _too_deep() -> ArtifactError:
    return ArtifactError("farrier.json is nested too deeply")


def _parse(text: str | bytes) -> Manifest:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ArtifactError(f"farrier.json is not JSON: {error}") from None
    _check_format(document)
    fields = _Field("", document).object(
        "format farrier iree targets cpu functions parameters hashes graph"
    )
    manifest = Manifest(
        iree=fields["iree"].text(),
        targets=tuple(target.text() for target in fields["targets"].items(least=1)),
        functions=tuple(map(_function, fields["functions"].items(least=1))),
        cpu=_cpu(fields["cpu"]),
        parameters=_parameters(fields["parameters"]),
        graph=fields["graph"].text(empty=True),
        farrier=fields["farrier"].text(),
        module_hash=fields["hashes"].object("module")["module"].text(empty=True),
    )
    fields["functions"].unique([function.name for function in manifest.functions])
    return manifest


def _check_format(document: Any) -> None:
    """Check the version first, because nothing else is known of later formats."""
    fields = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
    version = fields.get("format", FORMAT)
    if version != FORMAT:
        made_by = fields.get("farrier", "unknown")
        raise ArtifactError(
            f"the file has format version {version} (made by Farrier {made_by}), but Farrier "
            f"{__version__} reads format version {FORMAT}. Compile it again with this version, or "
            f"install farrier-runtime=={made_by}"
        )


@dataclass(frozen=True)
class _Field:
    """A value in the manifest with its path."""

    path: str
    value: Any

    def fail(self, expected: str) -> ArtifactError:
        text = json.dumps(self.value, ensure_ascii=False)
        text = text if len(text) <= 60 else text[:57] + "..."
        where = f"field {self.path}" if self.path else "the document"
        return ArtifactError(f"farrier.json is wrong: {where} should be {expected}, but is {text}")

    def text(self, empty: bool = False) -> str:
        if not isinstance(self.value, str) or not (self.value or empty):
            raise self.fail("text")
        return self.value

    def size(self) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < 0:
            raise self.fail("a whole number that is not negative")
        return self.value

    def items(self, least: int = 0) -> list[_Field]:
        value: Any = self.value
        values = cast("list[Any]", self.value) if isinstance(value, list) else None
        if values is None or len(values) < least:
            raise self.fail("a list that is not empty" if least else "a list")
        return [_Field(f"{self.path}[{index}]", value) for index, value in enumerate(values)]

    def mapping(self) -> dict[str, _Field]:
        value: Any = self.value
        if not isinstance(value, dict):
            raise self.fail("an object")
        values = cast("dict[str, Any]", self.value)
        dot = "." if self.path else ""
        return {key: _Field(f"{self.path}{dot}{key}", value) for key, value in values.items()}

    def object(self, names: str, optional: str = "") -> dict[str, _Field]:
        fields, required = self.mapping(), names.split()
        if fields.keys() - {optional} != set(required):
            raise self.fail(f"an object with the fields {', '.join(required)} and no others")
        return fields

    def unique(self, names: list[str]) -> None:
        if len(set(names)) != len(names):
            raise self.fail("a list without two of the same name")


def _tensor(name: str, fields: Mapping[str, _Field]) -> TensorSpec:
    short = fields["dtype"].text()
    if short not in DTYPES:
        raise fields["dtype"].fail(f"one of {', '.join(DTYPES)}")
    shape = tuple(map(_size, fields["shape"].items()))
    value = _dimension(fields["value"]) if "value" in fields else None
    return TensorSpec(name, DTYPES[short], shape, value)


def _size(field: _Field) -> Size:
    return _dimension(field) if isinstance(field.value, dict) else field.size()


def _dimension(field: _Field) -> Dimension:
    fields = field.object("name min opt max")
    bounds = [fields[bound].size() for bound in ("min", "opt", "max")]
    try:
        return Dimension(fields["name"].text(), *bounds)
    except ArgumentError:
        raise field.fail("a dimension with min <= opt <= max") from None


def _tensors(field: _Field) -> tuple[TensorSpec, ...]:
    objects = [item.object("name dtype shape", "value") for item in field.items()]
    specs = tuple(_tensor(fields["name"].text(), fields) for fields in objects)
    field.unique([spec.name for spec in specs])
    return specs


def _function(field: _Field) -> Function:
    fields = field.object("name inputs outputs result")
    inputs, outputs = _tensors(fields["inputs"]), _tensors(fields["outputs"])
    _check_result(fields["result"], len(outputs))
    return Function(fields["name"].text(), inputs, outputs, fields["result"].value)


def _check_result(field: _Field, outputs: int, depth: int = 0) -> None:
    if depth > _DEEPEST:
        raise _too_deep()
    if isinstance(field.value, dict):
        fields = field.mapping()
        if len(fields) != 1 or not fields.keys() <= {"list", "tuple", "dict"}:
            raise field.fail('{"list": [...]}, {"tuple": [...]} or {"dict": {...}}')
        ((collection, items),) = fields.items()
        for item in items.mapping().values() if collection == "dict" else items.items():
            _check_result(item, outputs, depth + 1)
    elif field.size() >= outputs:
        raise field.fail(f"the index of one of {outputs} outputs")


def _cpu(field: _Field) -> CpuRequirements | None:
    if field.value is None:
        return None
    fields = field.object("architecture features")
    features = tuple(feature.text() for feature in fields["features"].items())
    return CpuRequirements(fields["architecture"].text(), features)


def _parameters(field: _Field) -> Parameters | None:
    if field.value is None:
        return None
    fields = field.object("file scope entries")
    file = fields["file"].text()
    if Path(file).name != file or "\\" in file or not file.endswith((".safetensors", ".irpa")):
        raise fields["file"].fail("the plain name of a .safetensors or .irpa file")
    described = {
        name: entry.object("dtype shape", "hash")
        for name, entry in fields["entries"].mapping().items()
    }
    entries = tuple(_tensor(name, entry) for name, entry in described.items())
    hashes = {name: entry["hash"].text() for name, entry in described.items() if "hash" in entry}
    return Parameters(file, fields["scope"].text(), entries, hashes)
