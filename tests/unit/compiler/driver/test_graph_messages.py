"""Graphs sent to the compiler process, and their equality on arrival."""

from __future__ import annotations

import json
import os
import socket
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import farrier as fr
from farrier.compiling.trace import trace
from farrier_compiler.driver import graph_messages
from farrier_compiler.driver.graph_messages import decode, encode
from farrier_compiler.driver.messages import Closed, Message, anonymous_file, receive, send
from farrier_compiler.graph import Graph, Value
from farrier_compiler.graph.graph import print_graph
from farrier_compiler.ops.elementwise import Cast
from farrier_runtime import dtypes, safetensors
from farrier_runtime.errors import CompileError
from support.compiled import rows_of, traced
from support.programs import affine, apply, function, random, weight


def sent(*graphs: Graph, outside: dict[Value, str] | None = None) -> tuple[Message, list[Graph]]:
    """Return the message of some graphs, and the graphs in it."""
    message, file = encode(graphs, outside or {})
    try:
        return message, decode(json.loads(json.dumps(message)), file)[0]
    finally:
        os.close(file)


def places(graph: Graph) -> list[tuple[str, int, str] | None]:
    locations = [node.location for node in graph.nodes]
    return [(at.file, at.line, at.layer) if at else None for at in locations]


@pytest.mark.parametrize("dtype", [dtypes.float32, dtypes.int32], ids=str)
def test_rows_arrive_as_they_are(dtype: dtypes.dtype) -> None:
    graphs = [traced(row, dtype).graph for row in rows_of(dtype)[::3]]
    _, arrived = sent(*graphs)
    for graph, other in zip(graphs, arrived, strict=True):
        assert print_graph(other) == print_graph(graph)
        assert places(other) == places(graph)
        for name, value in graph.constants.items():
            np.testing.assert_array_equal(other.constants[name].data, value.data)


def test_layers_are_named() -> None:
    net = fr.Sequential(fr.Linear(4, 4), fr.Linear(4, 4))
    net.reset_parameters(seed=0)
    _, (graph,) = sent(trace(net, [fr.InputInfo((2, 4), fr.float32)]).graph)
    layers = {node.location.layer for node in graph.nodes if node.location}
    assert layers == {"0", "1"}
    first = graph.nodes[0].location
    assert first is not None
    assert first.excerpt() == f"--> {first.file}:{first.line}"


@pytest.mark.parametrize("shape", [(3, 5), (40, 40), (0, 7), (1, 1)], ids=str)
@pytest.mark.parametrize("dtype", list(dtypes.DTYPES.values()), ids=str)
def test_constants_of_every_type_arrive(dtype: dtypes.dtype, shape: tuple[int, ...]) -> None:
    data = (np.arange(np.prod(shape)).reshape(shape) % 7).astype(dtype.numpy)
    same = weight(data, "w")
    _, (graph,) = sent(function("f", same if dtype is not dtypes.int4 else cast_up(same)))
    arrived = graph.constants["w"].data
    assert arrived is not None
    assert (arrived.dtype, arrived.shape) == (data.dtype, data.shape)
    np.testing.assert_array_equal(arrived, data)


def cast_up(value: Value) -> Value:
    return apply(Cast(dtypes.int8), value)


def test_one_number_stays_one_number() -> None:
    data = np.broadcast_to(np.float32(2.5), (3000, 3000))
    message, (graph,) = sent(function("f", weight(data, "w")))
    assert message["constants"][0]["splat"]
    arrived = graph.constants["w"].data
    assert arrived is not None
    assert arrived.strides == (0, 0)
    np.testing.assert_array_equal(arrived, data)


def test_arrays_of_any_layout_arrive() -> None:
    data = random(6, 8)[::2, ::-1].T
    _, (graph,) = sent(function("f", weight(data, "w")))
    np.testing.assert_array_equal(graph.constants["w"].data, data)


def test_an_array_is_sent_once() -> None:
    data = random(32, 32)
    value = apply("add", weight(data, "a"), weight(data, "b"))
    message, (graph,) = sent(function("f", value))
    assert len(message["constants"]) == 1
    assert graph.constants["a"].data is graph.constants["b"].data


def test_large_constants_that_stay_outside_are_not_sent() -> None:
    large, small = weight(random(200, 200), "large"), weight(random(2, 2), "small")
    graph = function("f", large, small)
    message, file = encode([graph], {large: "model.large", small: "small"})
    (arrived,), outside = decode(message, file)
    os.close(file)
    assert arrived.constants["large"].data is None
    assert arrived.constants["small"].data is not None
    names = {value.name: name for value, name in outside.items()}
    assert names == {"large": "model.large", "small": "small"}


# ---------------------------------------------------------------------- weights in files


@pytest.fixture
def stored(tmp_path: Path) -> tuple[Path, Any]:
    path = tmp_path / "net.safetensors"
    safetensors.write(path, {"a": random(30, 40), "b": random(50, seed=1)})
    return path, safetensors.read(path)


def test_weights_from_a_file_are_not_copied(stored: tuple[Path, Any]) -> None:
    path, arrays = stored
    message, (graph,) = sent(function("f", weight(arrays["a"], "a"), weight(arrays["b"][7:], "b")))
    assert [entry["path"] for entry in message["constants"]] == [str(path)] * 2
    np.testing.assert_array_equal(graph.constants["a"].data, arrays["a"])
    np.testing.assert_array_equal(graph.constants["b"].data, arrays["b"][7:])


def test_weights_of_a_file_that_was_replaced_are_copied(stored: tuple[Path, Any]) -> None:
    path, arrays = stored
    before = arrays["a"].copy()
    safetensors.write(path, {"a": random(30, 40, seed=9)})
    message, (graph,) = sent(function("f", weight(arrays["a"], "a")))
    assert "path" not in message["constants"][0]
    np.testing.assert_array_equal(graph.constants["a"].data, before)


def test_a_file_that_changes_on_the_way_is_refused(stored: tuple[Path, Any]) -> None:
    path, arrays = stored
    message, file = encode([function("f", weight(arrays["a"], "a"))], {})
    safetensors.write(path, {"a": random(30, 40, seed=9)})
    with pytest.raises(CompileError) as raised:
        decode(message, file)
    os.close(file)
    assert str(raised.value) == f"{path} changed during compilation. Load it again."


def test_constants_without_room_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(graph_messages, "anonymous_file", full)
    with pytest.raises(CompileError) as raised:
        encode([affine("f")], {})
    assert str(raised.value) == (
        "The constants cannot be handed to the compiler: No space left on device. They take 4,224 "
        "bytes of memory beside the model; a model that was loaded from .safetensors needs none."
    )


# ---------------------------------------------------------------------- channels


def test_messages_come_with_their_files() -> None:
    here, there = socket.socketpair()
    file = anonymous_file()
    os.write(file, b"content")
    with here, there:
        whole = {"text": "ü" * 300_000, "number": 1.5}
        sender = threading.Thread(target=send, args=(here, whole, [file]))
        sender.start()
        message, (copy,) = receive(there)
        sender.join()
        os.close(file)
    assert message == whole
    assert os.pread(copy, 10, 0) == b"content"
    os.close(copy)


def test_the_end_of_a_channel_is_noticed() -> None:
    here, there = socket.socketpair()
    with here:
        there.close()
        with pytest.raises(Closed):
            receive(here)
        with pytest.raises(Closed):
            send(here, {})


def test_half_a_message_is_not_a_message() -> None:
    here, there = socket.socketpair()
    with here:
        there.sendall((100).to_bytes(8, "little") + b'{"a":')
        there.close()
        with pytest.raises(Closed):
            receive(here)


def test_what_was_said_before_a_reset_is_read() -> None:
    here, there = socket.socketpair()
    with here:
        send(here, {"never": "read"})
        send(there, {"refused": "no"})
        there.close()
        assert receive(here)[0] == {"refused": "no"}
