# Needs Python 3.11 or newer and make. Everything else is installed into .venv from the locks.

VENV := .venv
PY := $(VENV)/bin/python

# The first interpreter that runs, is new enough and can make a virtual environment.
USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3.14 python3.13 python3.12 python3.11 python3; do \
	"$$python" -c '$(USABLE)' >/dev/null 2>&1 && { echo "$$python"; break; }; done)
NO_PYTHON := error: no Python 3.11 or newer with venv found; name one: make PYTHON=/path/to/python

.PHONY: run install test test-quick test-browser test-installed test-clients test-cluster verify \
	verify-lives verify-diaries verify-import verify-cluster verify-badday verify-fuzz \
	bench bench-short bench-growth bench-open wrk lighthouse observatory screenshots strings lint types lock clean

run: $(VENV)/runtime
	@exec $(PY) app.py

install: $(VENV)/runtime

test: $(VENV)/dev
	$(PY) -m pytest -n 4 --dist worksteal

# What tells two interpreters apart, without browsers, clusters and processes of its own.
QUICK := activity conversations lib moods store user_stats web/api web/poll_cache web/templating
test-quick: $(VENV)/dev
	$(PY) -m pytest -n 4 --dist worksteal $(addprefix tests/,$(QUICK))

test-browser: $(VENV)/dev build/npm/node_modules
	$(PY) -m pytest -n 2 --dist loadfile tests/browser -m browser

# Wheels in empty environments, behind nginx, the examples of the documents, the end of processes.
test-installed: $(VENV)/dev build/npm/node_modules
	$(PY) -m pytest tests/deploy tests/documents/test_api_examples.py tests/packaging \
		tests/process/test_shutdown.py -m browser

# Clients that two generators make of the API's description, calling a real process.
test-clients: $(VENV)/dev build/npm/node_modules build/clients/installed
	$(PY) -m pytest tests/clients -m browser

# Apart from the development environment, which it would bind to its own versions.
build/clients/installed: .ci/clients/requirements.txt $(VENV)/dev
	$(PY) -m venv --clear build/clients
	build/clients/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r $<
	touch $@

# Six nodes on loopback: what only a cluster does, then whatever has keys of its own on it.
ON_CLUSTER := accounts activity conversations export legacy_import moods store user_stats
test-cluster: $(VENV)/dev
	$(PY) -m pytest --cluster -s tests/cluster
	$(PY) -m pytest --cluster -n 2 --dist worksteal $(addprefix tests/,$(ON_CLUSTER))

# The long forms of what make test does briefly.
LIVES ?= 10000
DIARIES ?= 2000
KILLS ?= 100
SOAK ?= 60
HUNG ?= 10
RACE ?= 60
CASES ?= 3000
MOVED_EVERY ?= 1
FAULT_EVERY ?= 60
verify: verify-lives verify-diaries verify-import verify-cluster verify-badday verify-fuzz

verify-lives: $(VENV)/dev
	LIVES=$(LIVES) $(PY) -m pytest -s tests/billing/lives/test_lives.py

verify-diaries: $(VENV)/dev
	DIARIES=$(DIARIES) $(PY) -m pytest -s tests/moods/test_diaries.py

verify-import: $(VENV)/dev
	MOVED_EVERY=$(MOVED_EVERY) $(PY) -m pytest -s tests/web/pages/test_after_legacy_import.py

# What comes to the same keys through the routes and through billing.
verify-cluster: test-cluster
	$(PY) -m pytest --cluster -n 2 --dist worksteal tests/web/accounts tests/web/api \
		tests/billing/checkout tests/billing/customers tests/billing/events

verify-badday: $(VENV)/dev
	KILLS=$(KILLS) SOAK=$(SOAK) HUNG=$(HUNG) RACE=$(RACE) FAULT_EVERY=$(FAULT_EVERY) \
		$(PY) -m pytest -s tests/badday

verify-fuzz: $(VENV)/dev
	CASES=$(CASES) $(PY) -m pytest -s tests/fuzz

bench: $(VENV)/dev wrk build/bench/node_modules
	$(PY) -m tests.bench

bench-short: $(VENV)/dev wrk
	$(PY) -m tests.bench short

USERS ?= 1000000
bench-growth: $(VENV)/dev wrk
	$(PY) -m tests.bench growth --users $(USERS)

# Takes about ten minutes: each of them polls both workers before anything is measured.
CROWD ?= 600000
bench-open: $(VENV)/dev wrk
	$(PY) -m tests.bench open --crowd $(CROWD)

# Without npm the table says that its peers are left out.
build/bench/node_modules: .ci/bench/package.json .ci/bench/package-lock.json
	mkdir -p build/bench
	cp $^ build/bench/
	if command -v npm >/dev/null; then npm ci --prefix build/bench --no-audit --no-fund --silent && touch $@; fi

wrk:
	@command -v wrk >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends wrk; } || \
		{ echo "error: make bench needs wrk, the load generator: apt-get install wrk" >&2; exit 1; }

lighthouse: $(VENV)/dev build/npm/node_modules
	$(PY) -m tests.browser.reports.lighthouse

# Mozilla's grader of security headers, on the running application. Needs node, npm and openssl.
observatory: $(VENV)/dev build/npm/node_modules
	$(PY) -m tests.browser.reports.observatory

build/npm/node_modules: .ci/package.json .ci/package-lock.json
	mkdir -p build/npm
	cp $^ build/npm/
	npm install --prefix build/npm --ignore-scripts --no-audit --no-fund --silent
	touch $@

screenshots: $(VENV)/dev
	$(PY) -m tests.browser.reports.screenshots

# What a translator starts from: every text of the screen. stats/web/templating/translation.py says how one is added.
strings: $(VENV)/dev
	mkdir -p build
	$(VENV)/bin/pybabel -q extract --mapping-file=pyproject.toml --project=aira-stats --no-wrap \
		--keywords='lazy_gettext lazy_ngettext:1,2 ngettext_noop:1,2 InvalidInput EmailTaken BillingUnavailable' \
		--output-file=build/messages.pot .

lint: $(VENV)/dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(VENV)/bin/hadolint docs/deploy/Containerfile

types: $(VENV)/dev
	$(PY) -m mypy

# Complete and with hashes, for Python 3.11 to 3.14 on Linux and macOS. `make lock UPGRADE=--upgrade`
# moves every version to the newest that pyproject.toml allows.
COMPILE = $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command 'make lock' $(UPGRADE)

lock: $(VENV)/dev
	$(PY) -m pip install --quiet 'uv>=0.13,<0.14'
	$(COMPILE) pyproject.toml --output-file requirements.txt
	$(COMPILE) pyproject.toml --group dev --constraint requirements.txt --output-file requirements-dev.txt
	$(COMPILE) .ci/clients/requirements.in --output-file .ci/clients/requirements.txt

clean:
	rm -rf $(VENV) build .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: a lock is installed again only when it has changed or the interpreter has gone.
GONE := $(if $(realpath $(PY)),,gone)
.PHONY: gone

$(VENV)/runtime: requirements.txt $(GONE)
	@$(install)

$(VENV)/dev: requirements-dev.txt $(GONE)
	@$(install)

define install
$(PY) -m pip --version >/dev/null 2>&1 || $(new-venv)
echo "Installing $< ..."
$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
touch $@
endef

define new-venv
{ "$(PYTHON)" -c '$(USABLE)' >/dev/null 2>&1 || { echo "$(NO_PYTHON)" >&2; exit 1; }; \
	"$(PYTHON)" -m venv --clear $(VENV); }
endef
