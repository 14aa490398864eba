# Every target first makes .venv if it is missing or stale. MODEL names a zoo model or a model.toml.
# VENV=path uses a virtual environment of your own, into which nothing is installed.

PYTHON ?= python3
MODEL ?= detector
ARGS ?=

ifeq ($(origin VENV), undefined)
VENV := .venv
READY := setup
endif

# Activates the environment for whatever the commands start themselves.
export PATH := $(abspath $(VENV))/bin:$(PATH)

GENERATOR = $(if $(READY),$(VENV)/bin/python -m pip install -qq --constraint constraints.txt \
	--no-build-isolation --editable '.[docs]',\
	{ echo "make docs needs: $(VENV)/bin/pip install -c constraints.txt -e '.[docs]'" >&2; exit 1; })
# Tests go to whichever process is free; tests/conftest.py keeps together what shares a fixture.
IN_PARALLEL := --numprocesses auto --dist loadgroup
ASSETS := android_demo/app/src/main/assets/model
COMMANDS := tflite convert lint quantize train distill bench gate report

.PHONY: help $(COMMANDS) demo-web demo ops doctor docs test test-fast android-test \
	web-test web-packages compiled-app test-bundle check generator clean setup install
.DEFAULT_GOAL := help

help:
	@echo "make COMMAND [MODEL=detector] [ARGS='--out build/other']"
	@echo
	@echo '  tflite    the whole way: convert, quantize, measure, choose, report'
	@echo '  convert   a verified float .tflite only'
	@echo '  lint      what will hurt when it is quantized, and what is done about it'
	@echo '  quantize  the float16, dynamic int8 and static int8 files only'
	@echo '  train     train by the spec'"'"'s recipe; goes on where it was interrupted'
	@echo '  distill   the same under the teacher'
	@echo '  bench     measure again'
	@echo '  gate      check against requirements and baseline'
	@echo '  report    draw report.html again'
	@echo '  demo      put the model into the Android app; an APK where there is an Android SDK'
	@echo '  demo-web  serve a page that runs the files in the browser'
	@echo
	@echo 'MODEL is a name in zoo/ or a path to a model.toml; ARGS are options of the command,'
	@echo "which make COMMAND ARGS=--help lists. Results are in build/NAME."
	@echo
	@echo '  make ops          which operators are converted; of a file with ARGS=net.onnx'
	@echo '  make doctor       versions, processor, what is missing'
	@echo '  make test         the tests'
	@echo '  make test-fast    those that run no LiteRT, convert nothing, start no process, train nothing'
	@echo '  make android-test the tests of the Kotlin core, the Android app and the page'
	@echo '  make web-test     the tests of the page, in Chromium too'
	@echo '  make check        format, lint, types, import rules, dependencies'
	@echo '  make docs         the site of docs/, with the Python API, in build/site'
	@echo '  make clean        remove build/ and .venv'

$(COMMANDS): $(READY)
	@$(VENV)/bin/decant $@ $(MODEL) $(ARGS)

demo-web: $(READY)
	@$(VENV)/bin/decant demo $(MODEL) $(ARGS)

demo: $(READY)
	@[ -z "$(ARGS)" ] || { echo 'make demo takes no ARGS; see decant tflite and decant bundle' >&2; exit 2; }
	@$(VENV)/bin/decant tflite $(MODEL) || [ $$? -eq 1 ] # 1: a requirement is not met.
	@$(VENV)/bin/decant bundle $(MODEL) $(ASSETS)
	@android_demo/assemble

ops: $(READY)
	@$(VENV)/bin/decant ops $(ARGS)

doctor: $(READY)
	@$(VENV)/bin/decant doctor

test: $(READY)
	@$(VENV)/bin/python -m pytest $(IN_PARALLEL) $(ARGS)

# Runs no LiteRT and no TensorFlow, starts no process, trains nothing.
test-fast: $(READY)
	@$(VENV)/bin/python -m pytest -m 'not slow' $(IN_PARALLEL) $(ARGS)

# All that is known of the Android app and of the page without an Android SDK. The Kotlin is compiled beside the
# making of the environment and of the bundle, and beside npm.
android-test:
	@missing=$$(android_demo/missing-packages); [ -z "$$missing" ] || \
		{ echo "make $@ needs: apt-get install --no-install-recommends $$missing" >&2; exit 1; }
	@$(MAKE) --no-print-directory --jobs 2 test-bundle compiled-app web-packages
	@echo 'Kotlin: unit-tested over the real LiteRT …'
	@VENV=$(VENV) android_demo/test $(TEST_BUNDLE)
	@echo 'Kotlin and the page (Node, headless Chromium) against Python: tensors, photos, spoiled sidecars …'
	@DECANT_WEB_TESTS=1 $(VENV)/bin/python -m pytest tests/android tests/demo $(IN_PARALLEL) $(ARGS)

# Needs Debian's nodejs, npm and chromium; Playwright drives Chromium.
web-test: $(READY) test-bundle web-packages
	@DECANT_WEB_TESTS=1 $(VENV)/bin/python -m pytest tests/demo $(IN_PARALLEL) $(ARGS)

web-packages:
	@mkdir -p build/web && cp decant/demo/web/package*.json build/web
	@cd build/web && cmp -s package-lock.json installed-lock.json && test -d node_modules/playwright-core \
		|| { npm ci --ignore-scripts --no-audit --no-fund && cp package-lock.json installed-lock.json; }

compiled-app:
	@echo 'Kotlin: compiled …'
	@android_demo/compile-core
	@echo 'The app: strings, resources, stub check of its sources (no build) …'
	@android_demo/check-app

# What `make tflite` made; where there is nothing, the same files with a report on few photos only, which lies
# elsewhere and against which a quarter of the photos is compared.
TEST_BUNDLE = $(if $(wildcard build/detector/model.json),build/detector,build/android/detector)

test-bundle: $(READY)
	@[ -f build/detector/model.json ] || $(VENV)/bin/python tests/cases/detector_bundle.py

check: $(READY)
	@.ci/check

# A dead link on the site fails.
docs: generator
	@NO_MKDOCS_2_WARNING=1 $(VENV)/bin/python -m mkdocs build --strict --quiet
	@echo 'build/site/index.html; to search it: python3 -m http.server --directory build/site'

# It comes into .venv only when somebody asks for the site.
generator: $(READY)
	@$(VENV)/bin/python -c 'import mkdocs, material, mkdocstrings_handlers.python' 2>/dev/null || $(GENERATOR)

clean:
	rm -rf build .tree .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info

# .tree shows the packages to editors. The environment is fresh when it was made here from these very files and its Python still runs.
setup:
	@{ pwd; cat pyproject.toml constraints.txt; } | cmp -s - .venv/.made-from \
		&& .venv/bin/python -c '' 2>/dev/null || $(MAKE) --no-print-directory install
	@.venv/bin/python .ci/tree

install:
	@echo 'Making .venv (about two minutes) …'
	@.venv/bin/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@.venv/bin/python -m pip install -qq --constraint constraints.txt setuptools
	@.venv/bin/python -m pip install -qq --constraint constraints.txt --no-build-isolation \
		--editable '.[zoo,dev,test]'
	@{ pwd; cat pyproject.toml constraints.txt; } > .venv/.made-from
