# Two commands do all the set-up: `make demo` shows Kalends at work, `make test` tests all of it.
# `make check` is what a developer runs all day; `make bench` measures; `make help` lists the rest.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: help demo setup packages format lint types layers unit check test hunt bench docs console lock
.PHONY: clean

# Where no compiled module is kept (many container images say so), every worker and every process
# that a test starts compiles anew all it imports: half as long again.
unexport PYTHONDONTWRITEBYTECODE

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check uv==0.13.8

$(VENV)/.run: $(BIN)/uv requirements/run.lock pyproject.toml
	$(BIN)/uv pip install --quiet --require-hashes -r requirements/run.lock
	$(BIN)/uv pip install --quiet --no-deps -e .
	@touch $@

$(VENV)/.dev: $(BIN)/uv requirements/dev.lock pyproject.toml
	$(BIN)/uv pip install --quiet --require-hashes -r requirements/dev.lock
	$(BIN)/uv pip install --quiet --no-deps -e .
	@touch $@ $(VENV)/.run

CONSOLE := src/kalends/web/console/index.html
$(CONSOLE): $(BIN)/uv $(shell find console/src console/public -type f) $(wildcard console/*.json console/*.ts console/*.js console/*.html)
	@$(BIN)/python tools/build_console.py
	@touch $@

console: $(CONSOLE) ## build the web console into the package

setup: $(VENV)/.dev ## install everything a developer needs, into .venv

packages: ## install the real servers that acceptance tests start (Debian, as root)
	@tools/install-test-packages

demo: $(VENV)/.run $(CONSOLE) ## the main job on this machine: a calendar server, people, a live page
	$(BIN)/kalends demo

format: $(VENV)/.dev ## rewrite the code in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/mypy

layers: $(VENV)/.dev
	@$(BIN)/lint-imports >$(VENV)/layers.log 2>&1 || { cat $(VENV)/layers.log; exit 1; }
	@echo "layers kept"

# One worker more than there are processors: many tests wait for a socket or a disk.
unit: $(VENV)/.dev
	$(BIN)/pytest -q -n $$(expr $$(getconf _NPROCESSORS_ONLN) + 1) --dist loadfile -m "not slow" tests/unit tests/contract

check: lint types layers unit ## format, lint, types, layers, unit and contract tests: under two minutes

# What is held to the second, or waits for a browser, runs with nothing beside it.
# A test that fails is tried once more and told either way, with what it said: CI's machine is not ours
# (docs/adr/0056). `make check` and `make hunt` forgive nothing.
AGAIN := --reruns 1 --rerun-show-tracebacks
ALONE := $(addprefix tests/acceptance/,backbone cli console demo exchange_dav)
test: setup packages $(CONSOLE) ## everything, real servers and a browser included
	$(BIN)/pytest -q $(AGAIN) -n auto --dist loadfile tests $(addprefix --ignore=,$(ALONE))
	$(BIN)/pytest -q $(AGAIN) $(ALONE)

hunt: $(VENV)/.dev ## let the properties try examples nobody has tried, for as long as it takes
	KALENDS_HYPOTHESIS=thorough $(BIN)/pytest -q -n auto --dist loadfile tests/unit tests/contract

bench: $(VENV)/.dev ## measure speed and memory; prints figures with their ratios
	$(BIN)/python -m benchmarks

docs: $(VENV)/.dev ## write the pages that are generated from the code
	$(BIN)/python -m kalends.config.reference docs/reference/configuration.md

lock: $(BIN)/uv ## renew the locks from pyproject.toml
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --extra demo --group dev pyproject.toml -o requirements/dev.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --extra demo -c requirements/dev.lock pyproject.toml -o requirements/run.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --group console -o requirements/console.lock

clean: ## remove what the targets above made
	rm -rf $(VENV) src/kalends/web/console console/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
