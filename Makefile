# Commands a newcomer types. Every one does its own set-up first; the second time that takes seconds.
PY := .venv/bin/python
ROOMS := store telephony recording transcription casework api hotline simulator
SHELL := /bin/bash
# Stories start many processes: what one has compiled, the others need not.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup demo run test check bench soak format lock types openapi

help: ## these lines
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: ## all set-up: system packages, Python packages, Asterisk, speech model
	@tools/set_up.sh

demo: setup ## the whole job on this machine: real calls, real speech, a ticket (DEMO_EXIT=1 ends by itself)
	@bin/hotline demo

run: setup ## the service alone, waiting for a trunk and phones
	@bin/hotline up

# Plugins that no story needs, and that every process would load.
LEAN := -p no:schemathesis -p no:hypothesispytest

# First what keeps the processor busy: three on two cores. Then the calls, which take their time in the real
# world: up to seven beside one another, in the order of tests/e2e/conftest.py. Both are run to their end.
test: setup ## every test
	@$(PY) -m pytest tests --ignore tests/e2e -n 3 --dist worksteal; rooms=$$?; \
	$(PY) -m pytest tests/e2e -n 7 --dist loadgroup --no-loadscope-reorder $(LEAN) && exit $$rooms

check: setup ## format, lint, types, import rules, dead code, dependencies
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy $(ROOMS) tools
	@.venv/bin/lint-imports
	@.venv/bin/deptry .
	@.venv/bin/vulture
	@$(PY) tools/render_voices.py --check

bench: setup ## the tables of docs/benchmarks.md (broken off, again: goes on; BENCH_PAIRS, BENCH_TABLE)
	@$(PY) -m tests.bench

soak: setup ## an hour of calls under faults: docs/reliability.md (again: goes on; SOAK_MINUTES, SOAK_FAULTS=0: docs/steadiness.md)
	@$(PY) -m tests.soak

format: ## put the code into its format
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

openapi: ## write docs/openapi.json anew
	@$(PY) -m api.openapi > docs/openapi.json

lock: ## lock the Python packages anew, with hashes
	@for name in base dev; do \
	  uv pip compile -q --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
	    pyproject.toml --extra speech-models $$([ $$name = dev ] && echo --group dev) -o requirements/$$name.txt > /dev/null; done
