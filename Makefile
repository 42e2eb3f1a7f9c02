# Every target makes .venv itself, once. PYTHON chooses the interpreter: 3.11 to 3.13. Tests run in TESTERS processes.
PYTHON ?= python3
TESTERS ?= 2
SPACE ?= digits
DATA ?= digits
TRIALS ?= 16
BUDGET ?= 5epochs
LOG ?= demo.duckdb

.PHONY: demo test check bench format clean

demo: .venv/ready  ## Search a space for real, and show the best model and how to go on.
	.venv/bin/archwright search $(SPACE) --data $(DATA) --trials $(TRIALS) --budget $(BUDGET) --log $(LOG)
	.venv/bin/archwright best --log $(LOG)

test: .venv/ready  ## Run the tests.
	.venv/bin/pytest --numprocesses $(TESTERS) --dist worksteal

check: .venv/bench  ## Everything that must hold before a change lands.
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/pyright
	.venv/bin/lint-imports
	$(MAKE) test

bench: .venv/bench  ## Measure speed and memory against something run beside it, as the pages in docs have it.
	.venv/bin/python benchmarks/run.py
	.venv/bin/python benchmarks/workers.py --device cpu
	.venv/bin/python benchmarks/training.py --device cpu
	.venv/bin/python benchmarks/chaos.py --trials 1000 --workers 3
	.venv/bin/python benchmarks/memory.py --trials 200
	git log -1 --format='of commit %h, %ad'

format: .venv/ready  ## Put the code into its one form.
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

clean:  ## Forget the environment and what was built.
	rm -rf .venv .tools-venv build dist

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --upgrade pip
	.venv/bin/python -m pip install --quiet --editable . --group test --group check
	touch $@

.venv/bench: .venv/ready
	.venv/bin/python -m pip install --quiet --group bench
	touch $@
