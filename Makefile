# The two commands: `make demo` and `make test`. Each sets up what it needs; a second run is quick.
VENV   := .venv
BIN    := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
CONSOLE := $(shell find monitor/web/console -type f -not -path '*/node_modules/*' 2>/dev/null)

.PHONY: help demo test setup test-setup lint clean
help:
	@echo "make demo    set up and start: a live room, recorded speakers, the dashboard"
	@echo "make test    set up and run every check and test"
	@echo "make setup   only set up: leaves $(BIN)/room-monitor"
	@echo "make clean   remove what set-up made here (caches and data elsewhere stay)"

demo: setup
	@$(BIN)/room-monitor demo

setup: $(VENV)/.ready
$(VENV)/.ready: pyproject.toml monitor/web/build_console.py $(CONSOLE)
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: https://www.python.org/downloads/ or your system's package manager."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Python can't make a virtual environment. On Debian: apt-get install python3-venv"; exit 1; }
	@echo "Setting up: packages and console (about two minutes the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

test-setup: $(VENV)/.test-ready
	@sh tests/setup.sh
	@$(BIN)/python -m tests.helpers.identity_provider || echo "The tests that sign in at a provider will be SKIPPED."
$(VENV)/.test-ready: $(VENV)/.ready
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

lint: test-setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Most tests wait in real time, so two processes halve them; those that need the machine for themselves come after.
test: lint
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not alone"
	$(BIN)/python -m pytest -m alone

clean:
	rm -rf $(VENV) monitor/web/static monitor/web/console/node_modules
