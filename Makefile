# Farrier's commands: `make help` lists them. They need Python >= 3.11 and make, and put everything in .venv and build.

# The first interpreter that runs and is new enough: a name on the path may be a shim of one that is not installed.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
PROJECTS := pyproject.toml runtime/pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help demo test test-programs test-parts test-oracles oracles-cuda oracles-numbers test-gpu lit lint format types check clean

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 20

demo: .venv/installed ## compile the digits network and read real handwritten digits with it
	$(BIN)/python examples/digits/demo.py

# Two processes of about equal time: pytest uses one core, and IREE's threads little more.
test: .venv/installed-test ## run the tests that need light packages only
	$(MAKE) --no-print-directory -j2 test-programs test-parts
	$(MAKE) --no-print-directory lit

PROGRAMS := $(wildcard tests/integration/test_[a-g]*.py)

test-programs: .venv/installed-test
	$(BIN)/python -m pytest $(PROGRAMS)

test-parts: .venv/installed-test
	$(BIN)/python -m pytest tests/unit $(filter-out $(PROGRAMS), $(wildcard tests/integration/test_*.py))

test-oracles: .venv/installed-oracles ## run the tests that compare with torch, transformers and XLA, and assemble the PTX
	$(MAKE) --no-print-directory -j2 oracles-cuda oracles-numbers

oracles-cuda: .venv/installed-oracles
	$(BIN)/python -m pytest $(wildcard tests/oracles/*_cuda.py)

oracles-numbers: .venv/installed-oracles
	$(BIN)/python -m pytest tests/oracles --ignore-glob="*_cuda.py"

test-gpu: .venv/installed-test ## run every op on an NVIDIA GPU (only where there is one)
	$(BIN)/python -m pytest tests/gpu

lit: .venv/installed-test ## run the FileCheck tests of every IR
	$(BIN)/lit -q -j2 tests/filecheck

lint: .venv/installed-lint ## check style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

format: .venv/installed-lint ## format all code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: .venv/installed-lint ## check types, strictly
	$(BIN)/pyright

check: lint types test ## everything that a change must pass

clean: ## remove what was built and installed
	rm -rf .venv build

.venv/python:
	@test -n "$(PYTHON)" || { echo "Farrier needs Python >= 3.11: install it, or say make PYTHON=/path/to/python3.11 ..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=24"
	touch $@

.venv/installed: .venv/python $(PROJECTS)
	$(BIN)/python -m pip install --quiet -e ./runtime -e .
	touch $@

.venv/installed-test: .venv/installed
	$(BIN)/python -m pip install --quiet -e ./runtime -e ".[test]"
	touch $@

.venv/installed-lint: .venv/installed-test
	$(BIN)/python -m pip install --quiet -e ./runtime -e ".[test,lint]"
	touch $@

.venv/installed-oracles: .venv/installed-test
	$(BIN)/python -m pip install --quiet -e ./runtime -e ".[test,oracles]"
	touch $@
