# make demo   the main job on embedded parts, with its tie-out          make check  format, lint, types, layers, tests
# make test   the tests; real Kafka where java and mvn are              make bench  benchmarks against baselines of the same run
# make quick  the tests that need no server, no browser, no process
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The pip that Python brings may be slow: that of 3.11 takes 36 s of CPU for what a newer one does in 20. It will do, where an index has no other.
define ENVIRONMENT
@test -x $(BIN)/python || { $(PYTHON) -m venv $(VENV) && \
  { $(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes --only-binary :all: -r requirements-pip.lock || true; }; }
endef
# pip compiles on one core, and the tests of the packages, too; so this is done afterwards, on all cores. What is left
# out is big and hardly ever loaded: Python compiles it when it is.
UNUSED := /(tests?|fontTools|graphql|lexers|matplotlib|mpl_toolkits|mypyc?|pandas|setuptools)/
COMPILE := $(BIN)/python -m compileall -q -j 0 -x '$(UNUSED)' $(VENV)/lib > $(VENV)/compiling.log || true
MUTANTS := $(VENV)/mutants
RUNNING := $(VENV)/.ready-to-run
# Three on two cores: tests of kills and of brokers mostly wait. 463 s, where two took 592 and four 452.
JOBS ?= 3

# Compiled modules are kept beside their sources: tests start the services hundreds of times.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup demo test quick lint check bench fuzz chaos mutants api screenshots lock clean

help:
	@sed -n '1,3s/^# //p' Makefile

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; assert (3, 11) <= sys.version_info < (3, 14), "Expected Python 3.11 to 3.13, got " + sys.version.split()[0]'
	$(ENVIRONMENT)
	@echo "Installing what requirements.lock pins ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes --only-binary :all: -r requirements.lock
	@$(COMPILE)
	@PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Only what running needs; where everything is there already, that is used.
$(RUNNING): requirements-run.lock pyproject.toml
	@$(PYTHON) -c 'import sys; assert (3, 11) <= sys.version_info < (3, 14), "Expected Python 3.11 to 3.13, got " + sys.version.split()[0]'
	$(ENVIRONMENT)
	@echo "Installing what requirements-run.lock pins ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes --only-binary :all: -r requirements-run.lock
	@$(COMPILE)
	@PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(if $(wildcard $(READY)),$(READY),$(RUNNING))
	@$(BIN)/udi demo $(DEMO)

test: $(READY)
	@$(BIN)/pytest -q -n $(JOBS) $(TESTS)

quick: $(READY)
	@$(BIN)/pytest -q -n $(JOBS) -m "not starts" -p no:schemathesis --durations 5 --durations-min 1 tests/unit tests/tidy tests/fuzz

lint: $(READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/deptry models rules sinks streams
	@$(BIN)/codespell
	@$(BIN)/vulture

check: lint test

bench: $(READY)
	@$(BIN)/python -m benchmarks $(BENCH)

chaos: $(READY)
	@UDI_CHAOS_SECONDS=$${UDI_CHAOS_SECONDS:-600} $(BIN)/pytest -q -s tests/chaos tests/chaos/outage_runs.py tests/chaos/broker_runs.py tests/chaos/control_runs.py

fuzz: $(READY)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-fuzz.lock
	@$(BIN)/python tests/fuzz/fuzz_codes.py -max_total_time=$${FUZZ_SECONDS:-60} "$$(mktemp -d)" tests/fuzz/corpus

# Its tool wants other versions than the product pins, so it has an environment of its own. Outside CI.
$(MUTANTS)/.ready: requirements-mutants.lock $(READY)
	@test -x $(MUTANTS)/bin/python || $(PYTHON) -m venv $(MUTANTS)
	@$(MUTANTS)/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --no-binary yattag -r requirements-mutants.lock
	@touch $@

mutants: $(MUTANTS)/.ready
	@$(MUTANTS)/bin/python -m tests.mutants $(SAMPLE)

screenshots: $(READY)
	@$(BIN)/python -m tests.web.screenshots $${SHOTS:-.cache/screenshots} $(PAGES)

api: $(READY)
	@$(BIN)/python -m streams.web docs/api

lock:
	uv pip compile pyproject.toml --extra dev --universal --generate-hashes --no-build --no-header --no-annotate -q -o requirements.lock
	uv pip compile pyproject.toml --extra run --universal --generate-hashes --no-build --no-header --no-annotate -q -c requirements.lock -o requirements-run.lock
	uv pip compile pyproject.toml --extra fuzz --universal --generate-hashes --no-build --no-header --no-annotate -q -o requirements-fuzz.lock
	echo cosmic-ray | uv pip compile - --universal --python-version 3.11 --generate-hashes --only-binary :all: --no-binary yattag --no-header --no-annotate -q -o requirements-mutants.lock
	echo pip | uv pip compile - --universal --python-version 3.11 --generate-hashes --only-binary :all: --no-header --no-annotate -q -o requirements-pip.lock

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info build
