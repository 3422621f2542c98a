# `make run` on a fresh machine sets everything up and runs the main job; `make test` tests it.
PYTHON ?= python3
# Another package index for torch, e.g. TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
VENV := .venv
PEERS ?= .peers
BIN := $(VENV)/bin
DONE := $(VENV)/.installed
# pip keeps what it builds in HOME; where that cannot be written to, it must not try.
CACHE := $(shell d="$${XDG_CACHE_HOME:-$$HOME/.cache}/pip"; mkdir -p "$$d" 2>/dev/null && test -w "$$d" || echo --no-cache-dir)
TORCH := $(shell grep '^torch==' constraints.txt)

.DEFAULT_GOAL := help
.PHONY: help run test test-all test-gpu faults lint docs bench bench-peers digests clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(DONE) ## set up, then LatentCRS on MovieLens-100K (about 5 minutes on 2 cores)
	$(BIN)/python src/train.py model=latentcrs dataset=ml100k

test: $(DONE) ## the tests (under 10 minutes on 2 cores, no network; a third process fills the waits)
	$(BIN)/python -m pytest -n 3 --dist loadscope --no-loadscope-reorder

test-all: $(DONE) ## the tests with those that take minutes: kills at every write, damage to every file
	$(BIN)/python -m pytest -n 3 --dist loadscope --no-loadscope-reorder -m ""

test-gpu: $(DONE) ## every stage and k-means on a GPU; skipped with a word where there is none
	$(BIN)/python -m pytest tests/test_gpu.py -m gpu -rs

lint: $(DONE) ## ruff, format check and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(DONE) ## the site of docs/, in site/; a link that leads nowhere ends it
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

faults: $(DONE) ## kills, damage, crowds, full disks, strangers: what must hold, tried (half an hour on 2 cores)
	$(BIN)/python -m tests.faults

bench: $(DONE) ## the speed programs; each prints its ratio last
	for program in ranking iclrec_step em_epoch mip_sad c2crs kmeans training_memory bfloat16 \
	  embedding busy growth large_catalogue indexes processes data_preparation serving; do \
	  echo "== $$program"; $(BIN)/python benchmarks/$$program.py || exit 1; done

bench-peers: $(DONE) ## against RecTools, RecBole, RePlay, in environments of 4.5 GB; BEAUTY=FILE adds Beauty
	bash benchmarks/peers/build.sh $(PEERS)
	$(BIN)/python benchmarks/peers/compare.py $(PEERS) $(if $(BEAUTY),--beauty $(BEAUTY))

digests: $(DONE) ## accept today's code as giving the results that the stage versions name
	$(BIN)/python scripts/refresh_digests.py

clean: ## remove the environment (results in artifacts/ stay)
	rm -rf $(VENV)

$(DONE): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, this is `$(PYTHON) --version 2>&1`; type make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "This Python has no venv module; on Debian: apt-get install python3-venv" >&2; exit 2; }
	@echo "Setting up $(VENV): about 0.6 GB to download with a CPU build of torch and 2.6 GB on disk; several GB more where pip picks a CUDA build (TORCH_INDEX= chooses)."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(CACHE) $(TORCH) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	$(BIN)/python -m pip install --quiet $(CACHE) -c constraints.txt -e ".[text,llm,web,serve,export,launch,dashboard,docs,dev]"
	@touch $(DONE)
