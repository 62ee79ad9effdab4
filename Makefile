# Two commands set everything up: `make book` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8000
FROM ?= submitted

.PHONY: help book live html pdf pyodide test lint lab release grade bench links zip kills lock clean

help:  ## show these lines
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

.venv/done: requirements.txt constraints.txt pyproject.toml
	@echo "Setting up .venv (some minutes the first time) ..."
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --progress-bar on -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps -e .
	@touch $@

book: html  ## build the book and serve it on localhost
	@echo "The book: http://localhost:$(PORT)/  (Ctrl-C ends it)"
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html \
		|| echo "Is port $(PORT) taken? Then: make book PORT=8001"

live: .venv/done  ## build and serve it, and again whenever a file of it changes
	$(BIN)/python -m convbook.live --port $(PORT)

html: .venv/done  ## build the book into _build/html, warnings as errors
	@PATH="$(CURDIR)/$(BIN):$$PATH" jupyter-book build -W -n --keep-going .

pdf: html  ## print the book into _build/convbook.pdf
	@$(BIN)/python book/pdf.py

pyodide: .venv/done  ## fetch NumPy for the exercises in the page: then readers need no other site
	$(BIN)/python -m convbook.solve_files

test: .venv/done html lint  ## run every test, the browser's included
	@sh tests/browser.sh $(BIN)
	@sh tests/postgres.sh
	@sh tests/sandbox.sh
	$(BIN)/python -m pytest -n logical

lint: .venv/done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lab: .venv/done  ## open the exercises in JupyterLab
	$(BIN)/jupyter lab --ServerApp.root_dir=exercises $(if $(filter 0,$(shell id -u)),--allow-root)

release: .venv/done  ## make exercises/ from solutions/
	$(BIN)/python -m autograder release

grade: .venv/done  ## grade a folder of notebooks: make grade FROM=folder ASSIGNMENT=hw1-filters
	@test -n "$(ASSIGNMENT)" || { echo "Which assignment? ASSIGNMENT= one of:" $(notdir $(wildcard solutions/hw*)); exit 2; }
	$(BIN)/python -m autograder grade "$(ASSIGNMENT)" "$(FROM)"

bench: .venv/done  ## time the kernels against PyTorch
	$(BIN)/python benchmarks/kernels.py --plot

links: html  ## see that every link, anchor and picture of the built book arrives
	$(BIN)/python -m convbook.links

zip: html  ## the built book as a zip file in dist/, to read from a disk
	$(BIN)/python -m convbook.packing

kills: .venv/done  ## record which case rejects which mistake, for the page on the grader
	$(BIN)/python -m autograder.killmatrix book/experiments/results/kills.json

lock: .venv/done  ## write constraints.txt from what is installed
	@echo '# Made by `make lock`: the versions of all packages, at which this course was tested.' > constraints.txt
	@$(BIN)/python -m pip freeze --exclude-editable --exclude torch --exclude setuptools >> constraints.txt

clean:  ## remove the built book and the environment
	rm -rf _build .venv
