# `make run` and `make test` need Python 3.11 or later, and bring everything else.

PYTHON ?= python3
BIN = .venv/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check
PIN = $(BIN)/uv pip compile pyproject.toml .pins/build.in --quiet --universal --python-version 3.11 --generate-hashes \
  --no-header --no-annotate
.DEFAULT_GOAL = help
.PHONY: help run test torture bench check pins audit

help:
	@echo "make run      everything on this machine, one Ctrl-C ends it (PORT=8000)"
	@echo "make test     every test, shared by three processes (WORKERS=3); brings Chromium and PostgreSQL where it may"
	@echo "              ARGS=tests/tasks and whatever else pytest takes: these tests alone"
	@echo "make torture  the tests that have a size, at their full one (SIZE=10: ten times that; ARGS)"
	@echo "make bench    what pages, polls and webhooks cost, and at a million tasks (ROWS=1000000)"
	@echo "make pins     writes anew what is installed, by checksums; make audit asks whether faults of it are known"
	@echo "make check    lint, layout and types"

run: .venv/.ready
	@exec $(BIN)/python manage.py run $(if $(PORT),--port $(PORT))

test: .venv/.ready-dev
	@tests/run $(ARGS)

torture: .venv/.ready-dev
	@TORTURE=$(or $(SIZE),1) tests/run $(ARGS)

bench: .venv/.ready-dev
	@$(if $(ROWS),ROWS=$(ROWS) )$(BIN)/python -m tests.bench

check: .venv/.ready-dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy . \
	  && $(BIN)/deno lint --quiet && $(BIN)/deno fmt --check --quiet && $(BIN)/djlint --lint --quiet templates \
	  && $(BIN)/python manage.py makemigrations --check --dry-run

# Each file that is installed must have a checksum of those in .pins, whatever a registry says.
.venv/.ready: pyproject.toml .pins/site.txt
	@echo "· Installing into .venv (the first time, about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) --require-hashes -r .pins/site.txt && $(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv/.ready-dev: .venv/.ready .pins/dev.txt
	@echo "· Installing the tools for tests"
	@$(PIP) --require-hashes -r .pins/dev.txt
	@touch $@

pins: .venv/.ready-dev
	@$(PIN) --extra postgres -o .pins/site.txt
	@$(PIN) --extra postgres --extra s3 -o .pins/s3.txt
	@$(PIN) --extra postgres --extra dev -o .pins/dev.txt

audit: .venv/.ready-dev
	@$(BIN)/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r .pins/dev.txt -r .pins/s3.txt
