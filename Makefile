# make demo      make the environment and run the main job on real images
# make test      lint, types, import floors and the tests that are quick
# make test-all  the same with the slow tests
# make bench     speed against everything a user would pick instead; ARGS="--only 'mlp/*'" chooses
# make docs      write the pages of docs/ that are generated
# make clean     remove what these commands made, the environment included
#
# The only thing needed is a Python of 3.11 or newer; name another one with `make PYTHON=python3.12 test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL = $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable

.PHONY: demo test test-all bench lint types docs clean
.DELETE_ON_ERROR:
.NOTPARALLEL:

demo: $(VENV)/.installed-demo
	$(BIN)/python -m diptych.demo $(ARGS)

# A test that hangs fails, with the stacks of all threads.
test: lint types
	$(BIN)/python -m pytest -n auto -m "not slow" --timeout 300 $(ARGS)

test-all: lint types
	$(BIN)/python -m pytest -n auto --hypothesis-profile=search $(ARGS)

# JAX has an environment of its own: its process does not need torch, and the tests do not need JAX.
bench: $(VENV)/.installed-bench $(VENV)-jax/.installed
	mkdir -p build/bench
	$(BIN)/python -m benchmarks.speed --jax $(VENV)-jax/bin/python \
		--json build/bench/speed.json --plot build/bench/speed.png $(ARGS)

lint: $(VENV)/.installed-dev
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .

types: $(VENV)/.installed-dev
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/python -m pyright

docs: $(VENV)/.installed-dev
	$(BIN)/python tools/write_docs.py

# A stamp per extra: pip runs again only when the requirements have changed.
$(VENV)/.installed-%: pyproject.toml constraints.txt | $(BIN)/pip
	$(INSTALL) ".[$*]"
	@touch $@

$(VENV)-jax/.installed: constraints.txt
	$(PYTHON) -m venv $(VENV)-jax
	$(VENV)-jax/bin/python -m pip install --quiet --constraint constraints.txt jax
	@touch $@

# The last file that `venv` writes is pip, so a half-made environment is completed.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "diptych needs Python 3.11 or newer, and $(PYTHON) is not: name one with make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

clean:
	rm -rf $(VENV) $(VENV)-jax .pytest_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
