"""Graphs as messages: text, source locations, and constants in shared memory or in their files."""

from __future__ import annotations

import importlib
import mmap
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from farrier_compiler.diagnostics import Location, RecordedLocation
from farrier_compiler.driver.messages import Message, anonymous_file
from farrier_compiler.graph import REGISTRY, Graph, Op, Value
from farrier_compiler.graph.graph import print_graph
from farrier_compiler.graph.parser import parse_graph
from farrier_compiler.types.elements import Array
from farrier_runtime.dtypes import BY_SHORT_NAME
from farrier_runtime.errors import CompileError
from farrier_runtime.files import MappedFile, identity_of

# The alignment of weights that IREE's vector code prefers.
_ALIGNMENT = 64

# External constants are sent up to this many bytes, since some ops read their elements.
_MOST_SENT = 1 << 16


# ------------------------------------------------------------------ sending


def encode(graphs: Sequence[Graph], outside: Mapping[Value, str]) -> tuple[Message, int]:
    """Return graphs as a message, and the descriptor of the file that holds their constants.

    Args:
        graphs: what to send.
        outside: the external constants, with the names under which they are loaded.

    Raises:
        CompileError: there is no space left for the constants.
    """
    constants = _Constants(outside)
    try:
        message = {
            "graphs": [_graph_message(graph, constants) for graph in graphs],
            "constants": constants.entries,
            "extensions": _extensions(graphs),
            "outside": [
                [index, name, outside[value]]
                for index, graph in enumerate(graphs)
                for name, value in graph.constants.items()
                if value in outside
            ],
        }
        return message, constants.file()
    except OSError as error:
        raise CompileError(
            f"The constants cannot be handed to the compiler: {error.strerror}. They take "
            f"{constants.size:,} bytes of memory beside the model; a model that was loaded from "
            ".safetensors needs none."
        ) from None


def _extensions(graphs: Sequence[Graph]) -> list[list[str]]:
    """Return the folder, module and class of each op that Farrier does not define.

    Raises:
        CompileError: one cannot be imported.
    """
    ops = {type(node.op): None for graph in graphs for node in graph.nodes}
    others = [op for op in ops if not op.__module__.startswith(_OURS)]
    return [[_root(op), op.__module__, op.__name__] for op in others]


_OURS = f"{__name__.partition('.')[0]}."


def _root(op: type[Op]) -> str:
    module = sys.modules[op.__module__]
    if module.__name__ == "__main__" or module.__file__ is None:
        raise CompileError(
            f"The op {op.name} is defined in {module.__name__}, which the compiler process cannot "
            "import. Define it in a module of its own."
        )
    depth = module.__name__.count(".") + (Path(module.__file__).stem == "__init__")
    return str(Path(module.__file__).resolve().parents[depth])


def _graph_message(graph: Graph, constants: _Constants) -> Message:
    return {
        "text": print_graph(graph, locations=False),
        "lines": list(_lines(graph)),
        "constants": {name: constants.add(value) for name, value in graph.constants.items()},
    }


def _lines(graph: Graph) -> Iterator[list[Any] | int | None]:
    """Yield each node's file, line and layer, or the index of an earlier node with the same."""
    first: dict[tuple[str, int, str], int] = {}
    for index, node in enumerate(graph.nodes):
        where = node.location
        if where is None:
            yield None
            continue
        key = (where.file, where.line, where.layer)
        seen = first.setdefault(key, index)
        yield list(key) if seen == index else seen


class _Constants:
    """The constants to send to another process, each array once."""

    def __init__(self, outside: Mapping[Value, str]) -> None:
        self.entries: list[Message] = []
        self.size = 0
        self._outside = outside
        self._indices: dict[int, int] = {}
        self._copied: list[tuple[int, Array]] = []

    def add(self, value: Value) -> int | None:
        """Return the index of a constant's entry; None where its elements are not needed."""
        array = value.data
        if array is None or (value in self._outside and array.nbytes > _MOST_SENT):
            return None
        if id(array) not in self._indices:
            self._indices[id(array)] = len(self.entries)
            entry = {"dtype": value.type.dtype.short, "shape": list(array.shape)}
            self.entries.append(entry | self._place(array))
        return self._indices[id(array)]

    def _place(self, array: Array) -> Message:
        splat = array.size > 1 and not any(array.strides)
        in_file = None if splat else _place_in_file(array)
        if in_file is not None:
            return in_file
        single = array[(0,) * array.ndim] if splat else array
        offset = self.size
        self._copied.append((offset, np.ascontiguousarray(single)))
        self.size += -(-single.nbytes // _ALIGNMENT) * _ALIGNMENT
        return {"offset": offset, "splat": splat}

    def file(self) -> int:
        """Return the descriptor of a new file that holds the constants that lie in memory."""
        number = anonymous_file()
        with os.fdopen(os.dup(number), "wb") as file:
            os.ftruncate(number, self.size)
            for offset, array in self._copied:
                file.seek(offset)
                file.write(array.reshape(-1).view(np.uint8).data)
        return number


def _place_in_file(array: Array) -> Message | None:
    """Return an array's place in the mapped file that it was read from, if it has one."""
    mapped = _owner(array)
    if not isinstance(mapped, MappedFile) or not array.flags.c_contiguous:
        return None
    begin = np.frombuffer(mapped, np.uint8).__array_interface__["data"][0]
    offset = array.__array_interface__["data"][0] - begin
    try:
        same = identity_of(os.stat(mapped.path)) == mapped.identity
    except OSError:
        return None
    place = {"path": mapped.path, "identity": mapped.identity, "offset": offset, "splat": False}
    return place if same else None


def _owner(array: Any) -> Any:
    """Return the object that owns an array's memory."""
    while (
        base := getattr(array, "obj" if type(array) is memoryview else "base", None)
    ) is not None:
        array = base
    return array


# ------------------------------------------------------------------ receiving


def decode(message: Message, file: int) -> tuple[list[Graph], dict[Value, str]]:
    """Return the graphs in a message, and their external constants with the names to load.

    Args:
        message: the result of `encode`.
        file: the descriptor of the file that came with it.

    Raises:
        CompileError: a file of weights has changed in the meantime.
    """
    for root, module, name in message["extensions"]:
        sys.path.append(root)
        op = getattr(importlib.import_module(module), name)
        REGISTRY[op.name] = op
    arrays = list(_arrays(message["constants"], file))
    graphs = [_graph(sent, arrays) for sent in message["graphs"]]
    outside: list[tuple[int, str, str]] = message["outside"]
    return graphs, {graphs[index].constants[name]: key for index, name, key in outside}


def _arrays(entries: Sequence[Message], file: int) -> Iterator[Array]:
    shared = mmap.mmap(file, 0, access=mmap.ACCESS_READ) if os.fstat(file).st_size else b""
    mapped: dict[str, MappedFile] = {}
    for entry in entries:
        memory = _mapped(entry, mapped) if "path" in entry else shared
        dtype, shape = BY_SHORT_NAME[entry["dtype"]].numpy, tuple(entry["shape"])
        if 0 in shape:
            yield np.empty(shape, dtype)
            continue
        count = 1 if entry["splat"] else int(np.prod(shape, dtype=np.int64))
        flat = np.frombuffer(memory, dtype, count, entry["offset"])
        yield np.broadcast_to(flat.reshape(()), shape) if entry["splat"] else flat.reshape(shape)


def _mapped(entry: Message, mapped: dict[str, MappedFile]) -> MappedFile:
    path = entry["path"]
    if path not in mapped:
        mapped[path] = MappedFile.open(path)
    if mapped[path].identity != tuple(entry["identity"]):
        raise CompileError(f"{path} changed during compilation. Load it again.")
    return mapped[path]


def _graph(sent: Message, arrays: Sequence[Array]) -> Graph:
    indices: dict[str, int | None] = sent["constants"]
    given = {name: arrays[index] for name, index in indices.items() if index is not None}
    graph = parse_graph(sent["text"], given)
    locations: list[Location | None] = []
    for node, line in zip(graph.nodes, sent["lines"], strict=True):
        node.location = (
            locations[line] if isinstance(line, int) else line and RecordedLocation(*line)
        )
        locations.append(node.location)
    return graph
