# `make demo` and `make test` need nothing but Python 3.11 or newer, make and git.
PYTHON ?= $(shell for python in python3.12 python3.13 python3.11 python3; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2

.PHONY: demo test test-slow lint docs gallery benchmark environment clean

demo: environment
	$(BIN)/python examples/demo.py demo-output

# Most of the time JAX traces and XLA compiles: with few optimisations in half of the time, and what
# was compiled once, in another test, is kept. XLA ends a program that has flags it does not know.
# The slow part has all optimisations, and compiles everything.
QUICKLY := --xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false

test: environment lint
	for flags in "$(QUICKLY)" "$(firstword $(QUICKLY))" ""; do \
		XLA_FLAGS="$$flags" $(BIN)/python -c "import jax; jax.devices()" 2>/dev/null && break; \
	done; \
	JAX_COMPILATION_CACHE_DIR=$(abspath $(VENV))/jax-cache \
	JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0 JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES=-1 \
	XLA_FLAGS="$$flags" $(BIN)/python -m pytest -n $(WORKERS) -q

test-slow: environment
	$(BIN)/python -m pytest -n $(WORKERS) -q -m slow

lint: environment
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

docs: environment
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build

# The pictures of docs/gallery.md and of the pipelines, by running what the page says: minutes.
gallery: environment
	$(BIN)/python docs/make_gallery.py

benchmark: environment
	$(BIN)/python benchmarks/sequential_overhead.py
	$(BIN)/python benchmarks/gradient_cost.py
	$(BIN)/python benchmarks/noise_cost.py

environment: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	@test -n "$(PYTHON)" || { echo "parasim needs Python 3.11 or newer with venv; install it, or name it: make PYTHON=/path/to/python $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[tests]'
	@touch $@

clean:
	rm -rf $(VENV) demo-output site
