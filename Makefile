# One entry for everything: `make` lists what there is. Every target makes the environment first, if it has to.
#
#   PYTHON   which Python makes the environment (python3; 3.11 or later)
#   VENV     where it stands (.venv)
#   ARGS     handed on to pytest, to `policy check` or to the benchmarks
#   WORKERS  processes that run the tests (one a core)

PYTHON ?= python3
VENV ?= .venv
WORKERS ?= auto
ARGS ?=

PY = $(VENV)/bin/python
# What the environment was made from: the locked packages, the project's own metadata, this very folder.
PRINT = $$(cat requirements-dev.txt pyproject.toml | cksum) $(CURDIR)
# An environment that is there is kept whatever its Python, unless PYTHON was asked for by name.
ifeq ($(origin PYTHON),file)
KEEP = sys.version_info >= (3, 11)
else
KEEP = sys.version.split()[0] == '$(shell $(PYTHON) -c 'import platform; print(platform.python_version())' 2>/dev/null)'
endif

.DEFAULT_GOAL := help
.PHONY: help env demo test lint types bench docs format lock

help:
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

env:
	@set -e; \
	if $(PY) -c "import sys; sys.exit(not ($(KEEP)))" 2>/dev/null; then keep=yes; else keep=no; fi; \
	if [ $$keep = yes ] && [ "$$(cat $(VENV)/made-from 2>/dev/null)" = "$(PRINT)" ]; then exit 0; fi; \
	$(PYTHON) -c '' 2>/dev/null || { echo "make: $(PYTHON) does not run; name another Python: make PYTHON=..." >&2; exit 1; }; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: Evenhand needs Python 3.11 or later, and $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "      Name a later one: make PYTHON=python3.13" >&2; exit 1; }; \
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "make: $(PYTHON) cannot make environments; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }; \
	echo "make: making $(VENV) with $$($(PYTHON) --version 2>&1)"; \
	if [ $$keep = no ]; then $(PYTHON) -m venv --clear $(VENV); fi; \
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt; \
	$(PY) -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .; \
	echo "$(PRINT)" > $(VENV)/made-from

demo: env ## decide the example incidents with the house pack
	@$(VENV)/bin/policy check house docs/examples/incidents/*.toml $(ARGS)

test: env ## run all tests
	$(PY) -m pytest -n $(WORKERS) $(ARGS)

lint: env ## check style, layout and layers
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports --no-logo

types: env ## check types with mypy and pyright
	$(VENV)/bin/mypy
	$(VENV)/bin/mypy --allow-untyped-defs --allow-incomplete-defs --allow-untyped-calls tests benchmarks
	$(VENV)/bin/pyright --pythonpath $(PY)

bench: env ## measure, beside a hand-written if-chain and other engines
	$(PY) -m benchmarks $(ARGS)

docs: env ## build the site into site/
	$(if $(wildcard docs/generate.py),$(PY) docs/generate.py)
	$(VENV)/bin/zensical build --strict --clean

format: env ## put code into the house style
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

lock: env ## choose the newest packages anew and write requirements-dev.txt
	$(VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --group dev pyproject.toml \
	  --generate-hashes --no-annotate --no-header --no-emit-index-url --output-file requirements-dev.txt
