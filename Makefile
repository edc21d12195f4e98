# Two commands set a fresh machine up: `make demo` and `make test`. Both need Python >= 3.11 and make, nothing else.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ROUNDS ?=
ONCE ?=

.DEFAULT_GOAL := help
.PHONY: help install demo run test cover check lint format types contracts openapi migrate lock clean campaign-truth

help: ## Show these verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

install: $(VENV)/.installed ## Create .venv with the exact versions of requirements.lock

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "OneVisit needs Python 3.11 or newer; this is %d.%d. Set PYTHON=/path/to/python3.11 and run make again." % sys.version_info[:2])'
	@echo "  … installing dependencies into $(VENV) (once; about half a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "Cannot create a virtual environment: install the venv module of $(PYTHON)." >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock \
	  || { echo "Downloading the dependencies failed: check the network or your package mirror, then run the same command again; what was fetched is kept." >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . || { echo "Installing the project failed; the lines above say why." >&2; exit 1; }
	@touch $@

demo: install ## Set up, start 13 departments and the gateway, run the main job twice, stay up (ONCE=1: stop after the two profiles)
	@$(BIN)/onevisit demo $(if $(ONCE),--once)

run: install ## Start the gateway with the settings of the environment
	@$(BIN)/onevisit serve

test: install ## All tests on SQLite and PostgreSQL, warnings as errors, with branch coverage
	@$(BIN)/python -m pytest -n 2 --dist loadgroup --cov --cov-report=term-missing:skip-covered $(ARGS)

check: lint contracts types openapi-check ## What CI checks beside the tests

lint: install ## ruff, formatting
	@$(BIN)/ruff check . && $(BIN)/ruff format --check --quiet .

format: install ## Format the code
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

contracts: install ## Import contracts
	@$(BIN)/lint-imports

types: install ## mypy --strict
	@$(BIN)/mypy

openapi: install ## Write openapi/gateway.v1.json and the section components of the department contract
	@$(BIN)/onevisit openapi write

.PHONY: openapi-check
openapi-check: install
	@$(BIN)/onevisit openapi check

migrate: install ## Bring the database of the environment to the newest schema
	@$(BIN)/onevisit migrate

campaign-truth: install ## 500 labelled businesses: no false yes, conflict precision and recall (ROUNDS=n businesses)
	@$(BIN)/python -m tests.campaigns.truth $(if $(ROUNDS),--businesses $(ROUNDS))

lock: install ## Compile requirements.lock anew (needs uv on the PATH)
	@uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --all-extras pyproject.toml -o requirements.lock

clean: ## Remove the demo's state and caches
	@rm -rf .demo .bench .coverage .coverage.* .mypy_cache .ruff_cache .import_linter_cache
