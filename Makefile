# Everything runs in .venv, which is made from scratch with nothing but Python
# 3.11 or newer. Downloads come from the package index that pip is set up for.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
# The first of these that is new enough; kenlm-ex has no wheels past 3.13.
PYTHONS := python3 python3.13 python3.12 python3.11
CODE := src tests benchmarks training

SEED := seeds/000_a26bbb09311a0bb2.txt
GOLD := fixtures/000_a26bbb09311a0bb2.gold.txt

# Minutes that "make fuzz" takes.
MINUTES := 5

.PHONY: help demo test lint bench fuzz clean

help: ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

demo: $(VENV)/.installed ## restore the seed article: its diff, the verdict, the score against the gold text
	@$(BIN)/unspin fix --diff $(SEED)
	@echo
	@$(BIN)/unspin check --summary --gold $(GOLD) $(SEED) || test $$? -eq 1

test: $(VENV)/.test ## run the tests
	$(BIN)/python -m pytest

lint: $(VENV)/.lint ## check style, form and types
	$(BIN)/ruff check $(wildcard $(CODE))
	$(BIN)/ruff format --check $(wildcard $(CODE))
	$(BIN)/mypy

bench: $(VENV)/.bench ## measure speed and memory beside other tools; results in benchmarks/
	$(BIN)/python benchmarks/speed.py $(BENCH)

fuzz: $(VENV)/.test $(VENV)/.fuzz ## look for crashes with made-up inputs; MINUTES=30 for longer
	$(BIN)/python benchmarks/fuzz.py --minutes $(MINUTES)

clean: ## remove what the other targets made
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Stamp files: set-up is repeated only when pyproject.toml changes.
$(VENV)/.python:
	@python=""; \
	for name in $(PYTHONS); do \
	  if "$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; \
	  then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "unspin needs Python 3.11, 3.12 or 3.13; on Debian or Ubuntu: apt-get install python3 python3-venv" >&2; exit 1; \
	fi; \
	echo "making $(VENV) with $$python"; \
	if ! "$$python" -m venv --clear $(VENV) >$(VENV).log 2>&1; then \
	  rm -rf $(VENV); \
	  if "$$python" -m venv --without-pip $(VENV) >>$(VENV).log 2>&1 \
	     && "$$python" -m pip --python $(BIN)/python install --quiet pip >>$(VENV).log 2>&1; then :; \
	  elif command -v virtualenv >/dev/null && virtualenv --quiet -p "$$python" $(VENV) >>$(VENV).log 2>&1; then :; \
	  else \
	    rm -rf $(VENV); cat $(VENV).log >&2; rm -f $(VENV).log; \
	    echo "$$python cannot make a virtual environment; on Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; \
	  fi; \
	fi; \
	rm -f $(VENV).log; touch $@

$(VENV)/.installed: $(VENV)/.python pyproject.toml
	@echo "installing unspin into $(VENV)"
	@$(BIN)/python -m pip install --quiet -e .
	@touch $@

$(VENV)/.test $(VENV)/.lint $(VENV)/.bench $(VENV)/.fuzz: $(VENV)/.%: $(VENV)/.installed
	@echo "installing the $* tools"
	@$(BIN)/python -c 'import sys, tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"][sys.argv[1]], sep="\n")' $* >$(VENV)/$*.txt
	@$(BIN)/python -m pip install --quiet -r $(VENV)/$*.txt
	@touch $@
