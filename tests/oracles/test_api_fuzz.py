"""Public functions with odd arguments: each returns, or raises an error of Farrier's."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import inspect
import io
import operator
import pkgutil
import random
import resource
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import farrier as fr
import farrier_runtime
from support.odd_calls import Example

SECONDS = 12  # for the calls of one example, in a seeded random order
MEMORY = 6 << 30

SHELL = {"farrier.cli.main"}  # takes a command line: its tests are elsewhere

# Parts that only Farrier itself calls.
INTERNAL = (
    "farrier.other_names.",
    *(
        f"farrier_runtime.{name}."
        for name in (
            *("artifact", "archive", "claims", "cpu_features", "dimension", "files", "imports"),
            *("hashes", "hints", "safetensors", "wording"),
        )
    ),
)

# Arguments that stay, as Farrier is not responsible for their errors.
KEPT = {
    "farrier.quantized.functional.apply": {"function"},  # may raise anything
    "farrier.logger.Logger": {"stream"},
}


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    parameters = inspect.signature(function).parameters.values()
    return inspect.Signature([each for each in parameters if each.name != "self"])


def _documented() -> Iterator[tuple[str, Example]]:
    """Yield the example in each docstring, by the name of what it belongs to."""
    for package in (fr, farrier_runtime):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(info.name)
            for test in doctest.DocTestFinder().find(module):
                path = test.name.removeprefix(f"{info.name}.")
                skipped = test.name in SHELL or test.name.startswith(INTERNAL)
                if test.examples and not skipped and path != test.name:
                    function = operator.attrgetter(path)(module)
                    statements = [example.source for example in test.examples]
                    name = path.rpartition(".")[2]
                    if name == "__init__":
                        name = path.split(".")[-2]
                    kept = frozenset(KEPT.get(test.name, ()))
                    yield (
                        test.name,
                        Example(name, _signature(function), statements, kept, test.globs),
                    )


LAYER = ("layer = fr.Linear(2, 2)", "layer.initialize_dummy_parameters()")
RUN = "run = fr.compile(lambda x: x + 1, args=[fr.InputInfo((2, 2), fr.float32)], target='cpu')"
MORE: list[tuple[Callable[..., Any], str, list[str]]] = [
    *[
        (getattr(operator, name), name, ["x = fr.ones((2, 3))", f"operator.{name}(x, 2.0)"])
        for name in ("add", "sub", "mul", "truediv", "mod", "pow", "lt", "eq", "matmul")
    ],
    (operator.getitem, "getitem", ["operator.getitem(fr.ones((2, 3)), (0, 1))"]),
    (operator.setitem, "setitem", ["operator.setitem(fr.ones((2, 3)), 0, 1.0)"]),
    (fr.Module.__call__, "layer", [*LAYER, "layer(fr.ones((3, 2)))"]),
    (
        fr.Module.load_weights,
        "load_weights",
        [*LAYER, "layer.save_weights('a.safetensors')", "layer.load_weights('a.safetensors')"],
    ),
    (fr.Module.save_weights, "save_weights", [*LAYER, "layer.save_weights('b.safetensors')"]),
    (fr.Module.reset_parameters, "reset_parameters", [*LAYER, "layer.reset_parameters(seed=1)"]),
    (fr.Module.state_dict, "state_dict", [*LAYER, "layer.state_dict()"]),
    (fr.Executable.__call__, "run", [RUN, "run(fr.ones((2, 2)))"]),
    (fr.Executable.save, "save", [RUN, "run.save('c.vmfb')"]),
    (fr.Executable.load, "load", [RUN, "run.save('c.vmfb')", "fr.Executable.load('c.vmfb')"]),
    (farrier_runtime.load, "load", [RUN, "run.save('c.vmfb')", "farrier_runtime.load('c.vmfb')"]),
    (
        farrier_runtime.Executable.__call__,
        "again",
        [
            RUN,
            "run.save('c.vmfb')",
            "again = farrier_runtime.load('c.vmfb')",
            "again(np.ones((2, 2), np.float32))",
        ],
    ),
    (fr.Tensor.numpy, "numpy", ["fr.ones((2,)).numpy()"]),
    (fr.Tensor.eval, "eval", ["fr.ones((2,)).eval()"]),
    (fr.Tensor.tolist, "tolist", ["fr.ones((2,)).tolist()"]),
]


def _all() -> dict[str, Example]:
    documented = dict(_documented())
    methods = {
        f"Tensor.{example.function}": example.as_method()
        for name, example in documented.items()
        if name.startswith("farrier.ops.") and hasattr(fr.Tensor, example.function)
    }
    more = {
        f"{name}-{index}": Example(
            name, _signature(function), ["import operator", *statements], frozenset("a")
        )
        for index, (function, name, statements) in enumerate(MORE)
    }
    return documented | methods | more


EXAMPLES = _all()


class Hanging(BaseException):
    """A call that does not end; no `except Exception` catches it."""


@pytest.fixture(autouse=True)
def bounds(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Limit a call's time and memory, and keep the files that it writes in a folder of its own."""

    def hang(*_: Any) -> None:
        raise Hanging

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FARRIER_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, hard))
    before = signal.signal(signal.SIGALRM, hang)
    yield
    signal.signal(signal.SIGALRM, before)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.parametrize("name", EXAMPLES)
def test_odd_arguments_return_or_raise_errors_of_farrier(name: str) -> None:
    calls = list(EXAMPLES[name].calls())
    random.Random(0).shuffle(calls)
    end, raw = time.monotonic() + SECONDS, list[str]()
    for call in calls:
        if time.monotonic() > end:
            break
        signal.alarm(10)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                call.run()
        except fr.FarrierError as error:
            if not str(error):
                raw.append(f"{call.name}: no text")
        except OSError as error:  # as open() raises, of a file that cannot be read or written
            if error.filename is None:
                raw.append(f"{call.name}: {error}")
        except Hanging:
            raw.append(f"{call.name}: no answer in 10 s")
        except Exception as error:
            raw.append(f"{call.name}: {type(error).__name__}: {str(error)[:200]}")
        finally:
            signal.alarm(0)
    assert not raw, "\n".join(raw)
