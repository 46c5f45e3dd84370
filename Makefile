# `make run` and `make test` need Python 3.11 or later, and bring everything else.

PYTHON ?= python3
BIN = .venv/bin
.DEFAULT_GOAL = help
.PHONY: help run test torture bench check

help:
	@echo "make run      everything on this machine, one Ctrl-C ends it (PORT=8000)"
	@echo "make test     every test, shared by four processes (WORKERS=4); brings Chromium and PostgreSQL where it may"
	@echo "              ARGS=tests/tasks and whatever else pytest takes: these tests alone"
	@echo "make torture  the tests that have a size, at their full one (SIZE=10: ten times that; ARGS)"
	@echo "make bench    what pages, polls and webhooks cost, and at a million tasks (ROWS=1000000)"
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

.venv/.ready: pyproject.toml constraints.txt
	@echo "· Installing into .venv (the first time, about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[postgres]'
	@touch $@

.venv/.ready-dev: .venv/.ready
	@echo "· Installing the tools for tests"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,postgres]'
	@touch $@
