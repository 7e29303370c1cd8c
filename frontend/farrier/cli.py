"""The `farrier` command, which compiles, inspects and runs programs from a shell.

Exit codes: 0 success, 1 an error in a file, model or program, 2 a usage error.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

from farrier.commands import command_line, compile, inspect, run, targets
from farrier.commands.command_line import UsageError
from farrier_compiler.graph.syntax import did_you_mean
from farrier_runtime.errors import FarrierError
from farrier_runtime.version import __version__

COMMANDS = {"compile": compile, "inspect": inspect, "run": run, "targets": targets}

DONE, MISTAKE, USAGE, INTERRUPTED = 0, 1, 2, 130


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are single lines."""

    def error(self, message: str) -> NoReturn:
        """Report a mistake in the command line.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"{message} (see '{self.prog} --help')")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: the words after `farrier`; by default those of this process.

    Returns:
        The exit code: 0 success, 1 an error in a file, model or program, 2 a usage error.

    Example:
        >>> main(["--version"])
        farrier 0.1.0
        0
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    _escape_what_cannot_be_printed()
    try:
        options = _parse(words)
        if options is None:
            return DONE
        return command_line.call(words, lambda: COMMANDS[options.command].run(options))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output exited, as in `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return MISTAKE
    except UsageError as error:
        return _report(str(error), USAGE)
    except Exception as error:
        if {"-v", "--verbose"}.isdisjoint(words):
            return _report(_text(error) + _more(error), MISTAKE)
        traceback.print_exc()
        return _report(_text(error), MISTAKE)


def _escape_what_cannot_be_printed() -> None:
    """Escape what output cannot encode: names that are not text, or that the terminal lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _report(text: str, status: int) -> int:
    print(end="", flush=True)  # there may be no standard output
    print(f"farrier: error: {text}", file=sys.stderr)
    return status


def _text(error: Exception) -> str:
    if isinstance(error, FarrierError):
        return command_line.without_excerpt(str(error))
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return f"{type(error).__name__}: {error}\nThis is a bug in Farrier: please report it."


def _more(error: Exception) -> str:
    """Return a hint at -v if it shows more than the error's text."""
    if isinstance(error, FarrierError | OSError) and not hasattr(error, "__notes__"):
        return ""
    return "\nThe option -v shows more."


def _parse(words: Sequence[str]) -> Any:
    """Return the options, or None if only help or the version was requested."""
    parser, commands = _parsers()
    first = next((word for word in words if not word.startswith("-")), None)
    if first is not None and first not in COMMANDS:
        parser.error(f"there is no command '{first}'{did_you_mean(first, COMMANDS)}")
    try:
        options, unknown = parser.parse_known_args(words)
    except SystemExit:
        return None
    if options.command is None:
        parser.error("no command was given")
    command = commands[options.command]
    for word in unknown:
        options_by_name = command._option_string_actions  # pyright: ignore[reportPrivateUsage]
        name = word.partition("=")[0]
        hint = did_you_mean(name, options_by_name) if name.startswith("-") else ""
        command.error(f"unexpected argument '{word}'{hint}")
    return options


def _parsers() -> tuple[Parser, dict[str, Parser]]:
    verbose = Parser(add_help=False)
    verbose.add_argument("-v", "--verbose", action="store_true", help="show tracebacks of errors")
    parser = Parser(
        "farrier",
        description="Neural networks as Python Modules, compiled to one vmfb.",
        parents=[verbose],
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"farrier {__version__}")
    group = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands: dict[str, Parser] = {}
    for name, command in COMMANDS.items():
        summary = (command.__doc__ or "").partition("\n")[0]
        commands[name] = group.add_parser(
            name,
            description=command.__doc__,
            help=summary.rstrip("."),
            parents=[verbose],
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.add_arguments(commands[name])
    return parser, commands


if __name__ == "__main__":
    sys.exit(main())
