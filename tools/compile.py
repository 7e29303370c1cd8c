#!/usr/bin/env python3
"""Compile a model, or show its IRs, as `farrier compile` does."""

import sys

from farrier.cli import main

if __name__ == "__main__":
    sys.exit(main(["compile", *sys.argv[1:]]))
