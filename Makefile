# Everything runs from the checkout's own .venv, by relative paths: the checkout may lie under a path with spaces.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PY := .venv/bin/python
TORCH := 2.13.0
PYTEST := $(PY) -m pytest

.PHONY: setup docs dist browser clients demo test fuzz lint gpu-check bench

setup: .venv/.ready

# torch comes first and alone, so that a CPU build already at hand is not replaced by several GB of CUDA packages.
.venv/.ready: pyproject.toml constraints/py311-cpu.txt Makefile
	@test -n "$(PYTHON)" || { echo "make setup: no python3 of version 3.11 or later was found" >&2; exit 1; }
	test -x $(PY) || $(PYTHON) -m venv .venv
	$(PY) -m pip install -q torch==$(TORCH)
	$(PY) -m pip install -q $$($(PY) -c 'import sys; print("-c constraints/py311-cpu.txt" if sys.version_info[:2] == (3, 11) else "")') -e ".[dev]"
	touch .venv/.ready

# What the tests of pages need: Debian's Chromium, and two Python packages that nothing else needs. Without them those
# tests skip and say so.
browser: setup
	@if command -v chromium >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium; \
	else echo "make browser: chromium is not there and only root can install it: apt-get install chromium" >&2; exit 1; fi
	$(PY) -m pip install -q $$($(PY) -c 'import sys; print("-c constraints/py311-cpu.txt" if sys.version_info[:2] == (3, 11) else "")') -e ".[browser]"

# Large programs that open our exports, in an environment of their own; their tests skip elsewhere.
clients:
	test -x .venv-clients/bin/python || $(PYTHON) -m venv .venv-clients
	.venv-clients/bin/python -m pip install -q movement sleap-io opensim polars click hypothesis pytest pytest-timeout
	.venv-clients/bin/python -m pip install -q --no-deps --upgrade --target .venv-clients/pandas2 "pandas<3" pytz
	.venv-clients/bin/python -m pip install -q --no-deps -e .
	.venv-clients/bin/python -m pytest tests/exchange/test_clients.py

# The site of the documentation, in build/site; a link that leads nowhere is an error.
docs: setup
	$(PY) -m pip install -q $$($(PY) -c 'import sys; print("-c constraints/py311-cpu.txt" if sys.version_info[:2] == (3, 11) else "")') -e ".[docs]"
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict -q

# The wheel and the source archive, in dist/.
dist: setup
	$(PY) -m pip install -q build
	$(PY) -m build

demo: setup
	$(PY) -m asyconv.cli.main demo

# one thread a worker: two workers that both thread would wait for each other; worksteal gives each worker a half in one
# piece, so that what the tests of a file share is made once and not by both
test: setup
	OMP_NUM_THREADS=1 $(PYTEST) -n 2 --dist worksteal

fuzz: setup
	ASYCONV_HYPOTHESIS=fuzz $(PYTEST) -n 2 --timeout 3600 -m "hypothesis or fuzz"

lint: setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

# Runs on a bare GPU host too: from the source tree, with that host's own python where there is no .venv.
gpu-check:
	@$(if $(wildcard $(PY)),$(PY),$(PYTHON)) -m tests.gpu_check

bench: setup
	$(PY) -m asyconv.cli.main bench kernels -o benchmarks/kernels.csv
	$(PY) -m asyconv.cli.main bench recording -o benchmarks/end_to_end.csv
	$(PY) -m asyconv.cli.main bench reading -o benchmarks/reading.csv
