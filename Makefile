# Two commands set a fresh machine up: `make demo` and `make test`. Both need Python >= 3.11 and make, nothing else.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ROUNDS ?=
AGAINST ?=
ONCE ?=

.DEFAULT_GOAL := help
.PHONY: help install web web-check web-lock pictures demo run test cover check lint format types contracts openapi examples migrate lock audit sbom clean bench bench-peers campaign-truth campaign-zoo campaign-ssrf campaign-overload \
  campaign-crowd campaign-link campaign-browser campaign-field campaign-clients campaign-insider \
  campaign-freeze campaign-night campaign-lanes campaign-writers campaign-desk campaign-webkit campaign-upgrade campaign-policy campaign-revoke campaign-quota campaign-leader campaign-enumerate campaign-rules rules

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

web: install ## Build the pages, where anything changed
	@$(BIN)/onevisit web build

web-check: install ## Types, rules and tests of the pages
	@$(BIN)/onevisit web check

web-lock: install ## Compile the lock of the pages' packages anew
	@$(BIN)/onevisit web lock

demo: install ## Set up, start 13 departments and the gateway, run the main job twice, stay up (ONCE=1: stop after the two profiles)
	-@$(BIN)/onevisit web build
	@$(BIN)/onevisit demo $(if $(ONCE),--once)

run: install ## Start the gateway with the settings of the environment
	-@$(BIN)/onevisit web build
	@$(BIN)/onevisit serve

pictures: web ## Every screen in four themes at 360 and 768 px, into .pictures
	@$(BIN)/python -m tests.pages.pictures

test: web ## All tests on SQLite and PostgreSQL, warnings as errors, with branch coverage (ARGS=file: those alone, without it)
ifdef ARGS
	@$(BIN)/python -m pytest -n 3 --dist loadgroup $(ARGS)
else
	@rm -f .failed
	@$(BIN)/python -m pytest -n 3 --dist loadgroup --ignore tests/campaigns --failures-to .failed --cov --cov-report=term-missing:skip-covered || $(BIN)/python -m tests.again .failed
	@$(BIN)/python -m coverage report --fail-under 90 > /dev/null || { echo "less than 90 % of the lines are covered" >&2; exit 1; }
	@rm -f .failed
	@$(BIN)/python -m pytest -n 2 --dist loadgroup tests/campaigns --failures-to .failed || $(BIN)/python -m tests.again .failed
endif

check: lint contracts types openapi-check web-check ## What CI checks beside the tests

lint: install ## ruff, formatting
	@$(BIN)/ruff check . && $(BIN)/ruff format --check --quiet .
	@$(BIN)/python -m tests.architecture.comments

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

examples: install ## Run the examples and write down what they receive, for the document to show
	@ONEVISIT_RECORD_EXAMPLES=1 $(BIN)/python -m pytest -q -n 0 tests/openapi/test_documents.py -k "run_as_written" && $(BIN)/onevisit openapi write

migrate: install ## Bring the database of the environment to the newest schema
	@$(BIN)/onevisit migrate

campaign-truth: install ## 500 labelled businesses, and each department's broken answers: no false yes or no (ROUNDS=n businesses)
	@$(BIN)/python -m tests.campaigns.truth $(if $(ROUNDS),--businesses $(ROUNDS))

campaign-field: install ## What departments, people and licences really send, each with its right value
	@$(BIN)/python -m tests.campaigns.field

campaign-zoo: install ## Every misbehaviour x 1, 3, 5 of 6 departments, 32 at once, and 10 000 callers who leave (ROUNDS=n behaviours)
	@$(BIN)/python -m tests.campaigns.zoo $(if $(ROUNDS),--rounds $(ROUNDS))

campaign-ssrf: install ## Address spellings x deny ranges and rebinding races: no forbidden connect (ROUNDS=n races)
	@$(BIN)/python -m tests.campaigns.ssrf $(if $(ROUNDS),--rounds $(ROUNDS))

campaign-overload: install ## Ten times what departments can take (ROUNDS=n seconds, default 60)
	@$(BIN)/python -m tests.campaigns.overload $(if $(ROUNDS),--rounds $(ROUNDS))

campaign-crowd: install ## A thousand look-ups at once, departments of 20, 300 and 1200 ms (ROUNDS=n look-ups)
	@$(BIN)/python -m tests.campaigns.crowd $(if $(ROUNDS),--rounds $(ROUNDS))

campaign-clients: install ## Hostile clients x 1, x 100 and 3 000 sockets, beside honest look-ups from another address (ROUNDS=n sockets)
	@$(BIN)/python -m tests.campaigns.clients $(if $(ROUNDS),--rounds $(ROUNDS))

campaign-insider: install ## Acts of a hostile data manager, leader and coordinator: only their own section suffers (ROUNDS=n acts)
	@$(BIN)/python -m tests.campaigns.insider $(if $(ROUNDS),--rounds $(ROUNDS))

campaign-link: install ## Through 64 kbit/s and 400 ms: seconds to the headline, bytes of the answers
	@$(BIN)/python -m tests.campaigns.link

campaign-browser: web ## The officer's page in Debian's Chromium: its journeys, policy, accessibility, budgets (ROUNDS=1: each once)
	@$(BIN)/python -m tests.campaigns.browser $(if $(ROUNDS),--rounds $(ROUNDS))

campaign-webkit: web ## The officer's page in WebKitGTK (Debian's driver): check, offline, outbox
	@$(BIN)/python -m tests.campaigns.webkit

campaign-freeze: install ## Three gateways on one PostgreSQL: frozen, silent, cut, slow, read-only, killed, a full disk (ROUNDS=n seconds of each)
	@$(BIN)/python -m tests.campaigns.freeze $(if $(ROUNDS),--rounds $(ROUNDS))

campaign-night: install ## Two hundred pauses, and a firewall that forgets; then the first burst of the morning (ROUNDS=n pauses)
	@$(BIN)/python -m tests.campaigns.night $(if $(ROUNDS),--rounds $(ROUNDS))

campaign-lanes: install ## One destination hangs with 10 000 rows waiting: nobody else waits (ROUNDS=n rows)
	@$(BIN)/python -m tests.campaigns.lanes $(if $(ROUNDS),--rounds $(ROUNDS))

campaign-writers: install ## PostgreSQL: writers beside each other, 20 000 open tasks, pages of 50 000 records (ROUNDS=n seconds)
	@$(BIN)/python -m tests.campaigns.writers $(if $(ROUNDS),--rounds $(ROUNDS))

campaign-policy: install ## Who may see which field: random worlds against an independent model, and broken rules (ROUNDS=n worlds)
	@$(BIN)/python -m tests.campaigns.policy $(if $(ROUNDS),--rounds $(ROUNDS))

campaign-revoke: install ## PostgreSQL, two gateways: withdrawn agreements, roles, people, tasks, adapters under load (ROUNDS=n withdrawals)
	@$(BIN)/python -m tests.campaigns.revoke $(if $(ROUNDS),--rounds $(ROUNDS))

campaign-quota: install ## PostgreSQL, two gateways, fifty callers: never a section more than the clause, nearly all usable (ROUNDS=n a day)
	@$(BIN)/python -m tests.campaigns.quota $(if $(ROUNDS),--rounds $(ROUNDS))

campaign-leader: install ## Acts of curious people of one unit, alone and in pairs: no class 2 beyond region, department, second person (ROUNDS=n acts)
	@$(BIN)/python -m tests.campaigns.leader $(if $(ROUNDS),--rounds $(ROUNDS))

campaign-enumerate: install ## A valid inspector guesses codes, tasks, records: nothing leaks, by length or time (ROUNDS=n guesses)
	@$(BIN)/python -m tests.campaigns.guesses $(if $(ROUNDS),--rounds $(ROUNDS))

campaign-rules: install ## Each rule's guard off: its named test must fail; on: pass (ROUNDS=n rules)
	@$(BIN)/python -m tests.campaigns.rules $(if $(ROUNDS),--rounds $(ROUNDS))

rules: install ## Write docs/rules.md from the table of rules
	@$(BIN)/python -c 'from pathlib import Path; from app.catalogue.rules import page; Path("docs/rules.md").write_text(page(), encoding="utf-8")'

campaign-desk: install ## A supervisor before a million records on PostgreSQL: first rows, next page, filters (ROUNDS=n records)
	@$(BIN)/python -m tests.campaigns.desk $(if $(ROUNDS),--records $(ROUNDS))

campaign-upgrade: install ## An old database up and down, twenty migrate at once, two releases side by side (ROUNDS=n records)
	@$(BIN)/python -m tests.campaigns.upgrade $(if $(ROUNDS),--rounds $(ROUNDS))

bench-peers: install ## Install what the bench needs: nginx with Lua, gcc, Go, Node packages (into .bench and Debian's places)
	@$(BIN)/python -m tests.bench.install

bench: install ## The gateway beside nginx + Lua, Go, Node and the usual way, or beside an older commit (AGAINST=ref); ROUNDS=n
	@$(BIN)/python -m tests.bench.run $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(AGAINST),--against $(AGAINST))

audit: install ## Compare the packages of the lock with known advisories (needs the network; installs pip-audit into .audit)
	@test -x .audit/bin/pip-audit || { $(PYTHON) -m venv .audit && .audit/bin/pip install --quiet --disable-pip-version-check pip-audit cyclonedx-bom; }
	@.audit/bin/pip-audit --strict --require-hashes --disable-pip --requirement requirements.lock

sbom: install ## Write sbom.json: every installed package with version and licence, as CycloneDX
	@test -x .audit/bin/cyclonedx-py || { $(PYTHON) -m venv .audit && .audit/bin/pip install --quiet --disable-pip-version-check pip-audit cyclonedx-bom; }
	@.audit/bin/cyclonedx-py environment $(BIN)/python --of JSON -o sbom.json

lock: install ## Compile requirements.lock anew (needs uv on the PATH)
	@uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --all-extras pyproject.toml -o requirements.lock

clean: ## Remove the demo's state and caches
	@rm -rf .demo .bench .coverage .coverage.* .mypy_cache .ruff_cache .import_linter_cache
