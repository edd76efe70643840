# Everything a developer does. Needs Python 3.11 or newer and make; the rest goes into .venv.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
EMULATED := $(VENV)/.emulated
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test test-gpu check conformance fuzz matrix torch bless bench docs clean

help:  ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# A PEP 735 dependency group needs pip 25.1. Of the packages in `models` only the model files are used, so that what
# they would run on (PyTorch: gigabytes) is left out; of NVIDIA's compiler the tests need the assembler alone.
$(STAMP): pyproject.toml | $(BIN)/python
	$(PIP) --upgrade "pip>=25.1"
	$(PIP) --editable . --group dev
	$(PIP) --no-deps --group models --group ptxas
	touch $(STAMP)

# The runtime for aarch64, which tests run under qemu. Where it cannot be had they are skipped, and say so.
$(EMULATED): pyproject.toml | $(STAMP)
	-$(PIP) --no-deps --only-binary=:all: --platform manylinux_2_28_aarch64 --upgrade --target $(VENV)/aarch64 \
	  "$$(grep -o 'iree-base-runtime==[^"]*' pyproject.toml)" && touch $(EMULATED)

demo: $(STAMP)  ## Compile a real model for three CPU levels and run the bundle on real files.
	$(BIN)/python fixtures/demo.py

test: $(STAMP) $(EMULATED)  ## Run all tests.
	$(BIN)/python -m pytest -n logical --maxprocesses 8 --dist worksteal -q --durations 30

test-gpu: $(STAMP)  ## Run the differential tests on every GPU of this machine; without one they are skipped, and say so.
	$(BIN)/python -m pytest -q tests/gpu

check: $(STAMP)  ## Run the fast tests, lint and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n logical --maxprocesses 8 --dist worksteal -q -m "not slow"

conformance: $(STAMP)  ## Run all vision models and the whole operator suites of ONNX and JAX (hours); name cases with `tests/conformance/run.py`.
	WEBTENSORC_ALL_MODELS=1 $(BIN)/python -m pytest -q tests/differential/test_vision_models.py
	$(BIN)/python tests/conformance/run.py onnx_cases
	$(BIN)/python tests/conformance/run.py opset_cases
	$(BIN)/python tests/conformance/run.py check_cases
	$(BIN)/python tests/conformance/run.py jax_cases
	$(BIN)/python tests/conformance/run.py jax64_cases
	$(BIN)/python tests/conformance/run.py jax_compat_cases

fuzz: $(STAMP)  ## Draw thousands of ONNX nodes and compare them with ONNX's evaluator and ONNX Runtime (an hour or more).
	WEBTENSORC_FUZZ=100 $(BIN)/python -m pytest -n logical --maxprocesses 8 --dist worksteal -q tests/fuzz

matrix: $(STAMP) $(EMULATED)  ## Run models and operators on every target, where there is no result yet, for docs/targets.md.
	$(BIN)/python tests/conformance/matrix.py

torch: $(STAMP)  ## Export the models of fixtures/torch_zoo.py with PyTorch, which this installs, and compare with it.
	$(PIP) --group torch
	$(BIN)/python -m pytest -n logical --maxprocesses 8 --dist worksteal -q tests/differential/test_torch_models.py

bless: $(STAMP) docs  ## Write the expected output of golden tests and generated pages again; read the diff.
	WEBTENSORC_BLESS=1 $(BIN)/python -m pytest -q tests/passes tests/kernels/test_arm_loops.py

docs: $(STAMP)  ## Generate docs/reference.
	$(BIN)/python docs/generate.py

bench: $(STAMP)  ## Measure compile time, start-up and latency, beside other engines; wants an idle machine.
	$(PIP) --group peers
	$(BIN)/python benchmarks/report.py
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.operators

clean:  ## Remove what make has made.
	rm -rf $(VENV) build dist
