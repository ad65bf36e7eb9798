# `make app` shows what edgecnn does; `make test` proves it. Both start from a bare machine with
# make and Python 3.11 or newer, and are quick the second time.
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

VENV ?= .venv
BIN := $(VENV)/bin
PIN := constraints.txt
# Tests run in so many processes, a file in one of them. A process that dies ends the run at once and
# by name: pytest-xdist can wait for ever for one that it has replaced (its issue 1378).
JOBS ?= 2
PINNED := pyproject.toml $(PIN) .ci/venv .ci/system .ci/system-window

.PHONY: help app test lint type bench bench-conversion bench-faces bench-live bench-mediapipe bench-interop fuzz package test-package test-arm constraints clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# What users have: the base dependencies, OpenVINO and the window, never TensorFlow.
$(VENV)/.app: $(PINNED)
	@.ci/venv $(VENV) $(PIN) -e '.[openvino,gui]' >&2
	@.ci/system $(VENV) numpy cv2 ai_edge_litert.interpreter openvino >&2
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then .ci/system-window $(VENV) >&2; fi
	@touch $@

# What developers have on top: converters, TensorFlow, linters, test tools.
$(VENV)/.dev: $(PINNED) | $(VENV)/.app
	@.ci/venv $(VENV) $(PIN) -e '.[all]' >&2
	@.ci/system-window $(VENV) >&2
	@touch $@ $(VENV)/.app

app: $(VENV)/.app  ## open the window; without a display: pictures in, labels, boxes and faces out
	@$(BIN)/edgecnn app

test: lint type $(VENV)/.dev  ## everything but packaging and the emulated Pi: lint, types, tests, README
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile --max-worker-restart 0

lint: $(VENV)/.dev  ## ruff, formatting, import contracts
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo "Not formatted: run $(BIN)/ruff format ." >&2; exit 1; }
	@$(BIN)/lint-imports --no-logo >$(VENV)/lint-imports.log 2>&1 || { cat $(VENV)/lint-imports.log; exit 1; }

type: $(VENV)/.dev  ## mypy --strict
	@$(BIN)/mypy --no-error-summary

bench: $(VENV)/.dev  ## the tables of the README (minutes; wants an idle machine)
	@$(BIN)/python -m benchmarks.runtime

bench-conversion: $(VENV)/.dev  ## the tables of docs/conversion-benchmarks.md (about half an hour)
	@failed=0; for part in structure trained lite0; do \
	  $(BIN)/python -m benchmarks.conversion $$part || failed=1; echo; done; exit $$failed

# MediaPipe brings the full OpenCV, so it gets an environment of its own; edgecnn runs there from
# the checkout.
.venv-mediapipe/.ready: constraints-mediapipe.txt .ci/venv
	@.ci/venv .venv-mediapipe constraints-mediapipe.txt mediapipe ai-edge-litert msgspec click rich platformdirs psutil >&2
	@touch $@

bench-live: $(VENV)/.dev  ## rates, ages and a soak of the live layer (an hour; wants an idle machine)
	@$(BIN)/python -m benchmarks.live
	@$(BIN)/python -m benchmarks.live_soak

bench-faces: $(VENV)/.dev  ## the tables of docs/faces.md, the search among a million templates, kills (half an hour)
	@OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.faces
	@OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.faces_index
	@$(BIN)/python -m benchmarks.faces_kills

bench-mediapipe: .venv-mediapipe/.ready  ## edgecnn against MediaPipe on the same int8 file
	@.venv-mediapipe/bin/python -m benchmarks.mediapipe_classifier

# Model API wants OpenCV 4, and so an environment of its own as well.
.venv-modelapi/.ready: constraints-modelapi.txt .ci/venv
	@.ci/venv .venv-modelapi constraints-modelapi.txt openvino-model-api ai-edge-litert msgspec click rich platformdirs psutil >&2
	@touch $@

bench-interop: .venv-mediapipe/.ready .venv-modelapi/.ready  ## our files in MediaPipe and Model API: the same answers
	@.venv-mediapipe/bin/python -m benchmarks.interop mediapipe
	@echo
	@.venv-modelapi/bin/python -m benchmarks.interop model_api

fuzz: $(VENV)/.dev  ## 2,000 damaged bundles and model files through edgecnn.load (half an hour)
	@$(BIN)/python -m benchmarks.fuzz --cases 2000

test-arm: $(VENV)/.dev  ## prove the device column on an emulated Raspberry Pi 4 (root; minutes)
	@tests/arm/run.sh $(BIN)/python

# An environment of its own, so that nothing of a developer's gets into the folder. Everything is
# made in build/ and takes the place of an earlier folder when it is whole. The value of DISPLAY
# asks for the libraries of X11, small ones of which go into the folder.
.venv-package/.ready: $(PINNED)
	@.ci/venv .venv-package $(PIN) -e '.[package]' >&2
	@DISPLAY=package .ci/system-window .venv-package >&2
	@command -v objcopy strip >/dev/null || .ci/apt binutils >&2
	@touch $@

package: .venv-package/.ready  ## dist/edgecnn: the app as a folder that needs no Python (minutes)
	@.venv-package/bin/pyinstaller --log-level ERROR --noconfirm --distpath build/package/dist \
	  --workpath build/package/work packaging/edgecnn.spec
	@mkdir -p dist && rm -rf dist/edgecnn && mv build/package/dist/edgecnn dist/edgecnn
	@echo "dist/edgecnn: $$(du -sm dist/edgecnn | cut -f1) MB; start dist/edgecnn/edgecnn"

test-package: package  ## prove that folder in a bare Debian (root; minutes)
	@packaging/check_in_debian.sh dist/edgecnn

constraints: $(VENV)/.dev  ## resolve the newest versions that fit together and pin them
	@$(BIN)/python .ci/constraints.py all,package $(PIN)
	@$(BIN)/python .ci/constraints.py tflite-runtime constraints-tflite-runtime.txt pytest pytest-timeout

clean:  ## remove environments, caches and build results
	@rm -rf .venv* build dist out *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
