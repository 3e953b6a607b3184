# make demo: set up and run the main job.   make test: set up and pass the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help install demo test test-slow lint keys licences docs clean

help:
	@echo "make demo       install, then train, evaluate, build, verify, learn on chip in simulation, report"
	@echo "make test       install, then lint and all tests but the slow ones"
	@echo "make test-slow  the volume checks"
	@echo "make keys       write docs/keys.md, the reference of the configuration, anew"
	@echo "make docs       the pages as a site, build/site/index.html"
	@echo "make licences   write docs/licences.md, the licences of what is installed beside, anew"
	@echo "make install    only the environment, in $(VENV)"
	@echo "make clean      remove what demo and tests made; keeps $(VENV)"

install: $(STAMP)

# torch first and alone: beside other packages pip may pick a build with several gigabytes of CUDA.
$(STAMP): pyproject.toml setup.py constraints.txt
	@command -v g++ >/dev/null && command -v perl >/dev/null || { \
		echo "The simulator needs g++, make and perl; on Debian: apt-get install g++ make perl"; exit 1; }
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $(STAMP)

demo: install
	$(BIN)/snnfpga demo

test: install lint
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow"

test-slow: install
	$(BIN)/python -m pytest -n 2 --dist worksteal -m slow

lint: install
	$(BIN)/ruff check
	$(BIN)/lint-imports

keys: install
	$(BIN)/python -m snnfpga.config.reference > docs/keys.md

docs: install
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[docs]"
	$(BIN)/python -m mkdocs build --strict

licences: install
	$(BIN)/python docs/licences.py > docs/licences.md

clean:
	rm -rf runs build .pytest_cache .ruff_cache .import_linter_cache
