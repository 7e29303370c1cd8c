"""List the targets that a model can be compiled for."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments, of which there are none."""


def run(options: argparse.Namespace) -> int:
    """Print each target with its description."""
    from farrier_compiler.driver.targets import Target

    names = Target.all_names()
    width = max(map(len, names))
    for name, description in names.items():
        print(f"{name:<{width}}  {description}")
    return 0
