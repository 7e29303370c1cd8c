# Farrier's commands: `make help` lists them. They need Python 3.11 to 3.14 and make, and put everything in .venv and build.

# Exits with 0 in a Python that is supported.
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))

# The first interpreter that runs and is supported: a name on the path may be a shim of one that is not installed.
ifndef PYTHON
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$python -c '$(SUPPORTED)' 2>/dev/null && echo $$python && break; done)
endif

# Where everything is installed: `make PYTHON=python3.12 VENV=build/venv-3.12 test` keeps another Python beside the first.
VENV ?= .venv
PROJECTS := pyproject.toml runtime/pyproject.toml

# As words of the shell: paths may hold anything.
quote = '$(subst ','\'',$(1))'
python := $(call quote,$(PYTHON))
venv := $(call quote,$(VENV))
run := $(venv)/bin/python -m

# A worker for each core; all tests of a file share what it compiles, and long files come first.
parallel := $(run) pytest -n auto --dist loadfile --no-loadscope-reorder

# All tests of a FileCheck folder, or some.
lit := $(venv)/bin/python -c 'from lit.main import main; main()' -q

ROOM_TESTS = $(if $(ROOM),$(wildcard tests/unit/*/$(ROOM) tests/unit/$(ROOM) tests/filecheck/$(ROOM)))
ROW_TESTS := tests/unit/frontend/ops/test_rows_eager.py tests/unit/frontend/ops/test_rows_refused.py \
  tests/integration/test_rows_compiled.py tests/integration/test_rows_dynamic.py

SMOKE := tests/integration/test_families.py tests/integration/cli $(wildcard tests/integration/test_seeds_*.py) \
  tests/integration/test_runtime.py tests/unit/compiler/driver/test_compiler_process.py tests/unit/frontend/commands tests/unit/runtime

# pip's notices are shown only where it fails.
install = @echo 'pip install -e ./runtime -e "$(1)"'; \
  said=$$($(run) pip install -e ./runtime -e "$(1)" 2>&1) || { printf '%s\n' "$$said"; exit 1; }

# Ends with an error where PYTHON is not supported.
check-python = @$(python) -c '$(SUPPORTED)' 2>/dev/null || { \
  test -n $(python) && echo "Farrier needs Python 3.11 to 3.14, and $(PYTHON) is not:" && $(python) --version; \
  test -n $(python) || echo "Farrier needs Python 3.11 to 3.14, and none is on the path: make PYTHON=/path/to/python ..."; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help demo test test-room test-op smoke test-oracles test-gpu lit lint format types check clean same-python

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 20

demo: $(VENV)/installed ## compile the digits network and read real handwritten digits with it
	$(venv)/bin/python examples/digits/demo.py

test: lit ## run the tests that need light packages only
	$(parallel) tests/integration tests/unit

test-room: $(VENV)/installed-test ## run the tests of one room of the sources: make test-room ROOM=passes
	@test -n '$(ROOM_TESTS)' || { echo "No tests lie in a room '$(ROOM)': make test-room ROOM=passes"; exit 1; }
	$(parallel) $(filter tests/unit/%,$(ROOM_TESTS))
	$(if $(filter tests/filecheck/%,$(ROOM_TESTS)),$(lit) $(filter tests/filecheck/%,$(ROOM_TESTS)))

test-op: $(VENV)/installed-test ## run the rows and FileCheck tests of one op: make test-op OP=tanh
	@test -n '$(OP)' || { echo "Which op? make test-op OP=tanh"; exit 1; }
	FARRIER_TEST_OP='$(OP)' $(parallel) $(ROW_TESTS)
	files=$$(grep -lx '# op: $(OP)' tests/filecheck/*/*.py) && $(lit) $$files || test -z "$$files"

smoke: $(VENV)/installed-test ## run some tests of every part: CI does with each other Python
	$(parallel) $(SMOKE)

test-oracles: $(VENV)/installed-oracles ## run the tests that compare with torch, transformers and XLA, and assemble the PTX
	$(parallel) tests/oracles

test-gpu: $(VENV)/installed-test ## run every op on an NVIDIA GPU (only where there is one)
	$(run) pytest tests/gpu

lit: $(VENV)/installed-test ## run the FileCheck tests of every IR
	$(lit) tests/filecheck

lint: $(VENV)/installed-lint ## check style
	$(run) ruff format --check .
	$(run) ruff check .

format: $(VENV)/installed-lint ## format all code
	$(run) ruff format .
	$(run) ruff check --fix .

types: $(VENV)/installed-lint ## check types, strictly
	$(run) pyright

check: lint types test ## everything that a change must pass

clean: ## remove what was built and installed
	rm -rf .venv build

# A Python that is asked for must be the one of an environment that is there already.
ifneq ($(origin PYTHON), file)
$(VENV)/python: | same-python
endif

version = $$($(1) -c 'import sys; print(sys.version_info[:2])')

same-python:
	$(check-python)
	@test ! -e $(venv)/python || test "$(call version,$(venv)/bin/python)" = "$(call version,$(python))" || \
	  { echo "$(VENV) is of another Python than $(PYTHON): say make clean first, or VENV=build/venv-other too."; exit 1; }

$(VENV)/python:
	$(check-python)
	$(python) -m venv $(venv)
	@touch $(venv)/python

$(VENV)/installed: $(VENV)/python $(PROJECTS)
	$(call install,.)
	@touch $(venv)/installed

$(VENV)/installed-test: $(VENV)/installed
	$(call install,.[test])
	@touch $(venv)/installed-test

$(VENV)/installed-lint: $(VENV)/installed-test
	$(call install,.[lint])
	@touch $(venv)/installed-lint

$(VENV)/installed-oracles: $(VENV)/installed-test
	$(call install,.[oracles])
	@touch $(venv)/installed-oracles
