"""Loading of the Module or function that MODEL.py:NAME names."""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from farrier.commands.files import check_file
from farrier.modules.module import Module
from farrier_compiler.diagnostics import Location
from farrier_compiler.graph.syntax import did_you_mean
from farrier_runtime.errors import ArgumentError, FarrierError
from farrier_runtime.wording import signature_text

FORMS = "MODEL is FILE.py:NAME, FILE.graph or FILE.mlir"


class UserCodeError(FarrierError, RuntimeError):
    """The model's own code raised an error."""


def split(text: str) -> tuple[Path, str]:
    """Return the file and the name of a MODEL argument; the name may be empty.

    Raises:
        ArgumentError: the file does not exist, or cannot be compiled.
    """
    file, colon, name = text.rpartition(":")
    path = Path(file if colon and (name.isidentifier() or not name) else text)
    check_file(path, FORMS)
    if path.suffix == ".vmfb":
        raise ArgumentError(f"{path} is compiled already: see 'farrier run' and 'farrier inspect'.")
    if path.suffix not in (".py", ".graph", ".mlir"):
        raise ArgumentError(f"{path} cannot be compiled: {FORMS}.")
    return path, name if colon and path != Path(text) else ""


def load(path: Path, name: str) -> Callable[..., Any]:
    """Return the Module or function that a Python file defines under a name.

    Args:
        path: the file; its folder can be imported from, but hides no module of Python or IREE.
        name: a Module class, which is called without arguments, a Module or a function.

    Raises:
        ArgumentError: the file does not define the name, or it is something else.
        UserCodeError: the file or the class raised an error.
    """
    module = _execute(path)
    if not name:
        raise ArgumentError(f"{path}: which one? Say {path}:NAME{_candidates(module)}.")
    if not hasattr(module, name):
        hint = did_you_mean(name, _defined(module))
        suggested = hint if "you mean" in hint else f"{_candidates(module)}."
        raise ArgumentError(f"{path} has no '{name}'{suggested}")
    value = getattr(module, name)
    if inspect.isclass(value):
        return _instance(path, value)
    if not isinstance(value, Module) and not inspect.isroutine(value):
        raise ArgumentError(
            f"{path}:{name} is of type {type(value).__name__}. "
            "NAME must be a Module class, a Module or a function."
        )
    return value


def _execute(path: Path) -> ModuleType:
    name = f"_model_{path.stem}"
    # A link may lead to a file without a suffix, for which importlib has no loader.
    loader = SourceFileLoader(name, str(path.resolve()))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    importlib.util.find_spec("iree.compiler")  # imports the folder `iree`, but not what is in it
    sys.path.insert(_after_standard_library(), str(path.resolve().parent))
    with user_code(path):
        loader.exec_module(module)
    return module


def _after_standard_library() -> int:
    """Return the place on Python's path for folders that must not hide its own modules.

    Python and numpy import some of them late, such as `secrets` for random numbers.
    """
    folder = os.path.dirname(os.__file__)
    own = (folder, os.path.join(folder, "lib-dynload"))
    return max((index for index, entry in enumerate(sys.path) if entry in own), default=-1) + 1


def _instance(path: Path, cls: type) -> Module:
    if not issubclass(cls, Module):
        raise ArgumentError(
            f"{path}:{cls.__name__} is a class, but not a Module: derive it from farrier.Module."
        )
    try:
        inspect.signature(cls).bind()
    except TypeError as error:
        raise ArgumentError(
            f"{path}:{cls.__name__}{signature_text(cls)} cannot be made without arguments: "
            f"{error}. Name a Module instead: add a line such as 'net = {cls.__name__}(...)' to "
            f"the file, and compile {path}:net."
        ) from None
    with user_code(path):
        return cls()


def _defined(module: ModuleType) -> list[str]:
    """Return the names of the Modules and functions that a file itself defines."""
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (
            isinstance(value, Module)
            or (inspect.isfunction(value) and value.__module__ == module.__name__)
            or (_is_module_class(value) and value.__module__ == module.__name__)
        )
    ]


def _is_module_class(value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, Module)


def _candidates(module: ModuleType) -> str:
    names = _defined(module)
    return f"; it defines {', '.join(names)}" if names else "; it defines no Module or function"


@contextmanager
def user_code(path: Path) -> Generator[None]:
    """Turn errors of the model's own code into a UserCodeError that shows its line.

    Raises:
        UserCodeError: naming the error, with the innermost line in the model's folder.
    """
    try:
        yield
    except FarrierError:
        raise
    except SyntaxError as error:
        line = (error.text or "").rstrip()
        excerpt = f"\n{error.lineno or 0:>5} | {line}" if line else ""
        raise UserCodeError(
            f"{type(error).__name__}: {error.msg}\n  --> {error.filename}:{error.lineno}{excerpt}"
        ) from error
    except (Exception, SystemExit) as error:
        excerpt = _excerpt(error.__traceback__, path.resolve().parent)
        text = "".join(traceback.format_exception_only(error)).strip()
        raise UserCodeError(f"{text}{excerpt}") from error


def _excerpt(trace: TracebackType | None, folder: Path) -> str:
    """Return the excerpt of the innermost line in a file below a folder."""
    text = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        if Path(code.co_filename).is_relative_to(folder):
            excerpt = Location(code, trace.tb_lasti, None).excerpt()
            text = "\n" + "\n".join(f"  {line}" for line in excerpt.splitlines())
        trace = trace.tb_next
    return text
