# Every target sets up what it needs by itself. A fresh machine has git, make and Python 3.11 or newer with venv;
# the local cluster also needs a Debian-like Linux and root.
.DEFAULT_GOAL := help
SHELL := /bin/bash
BIN := .venv/bin
PYTHON := $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
# Most cluster tests wait for the cluster, so there may be more of them at once than there are cores.
WORKERS ?= 8
# Of what needs no cluster, less waits: for time limits, and for servers that stop.
UNIT_WORKERS ?= $(shell echo $$((2 * $$(nproc))))
# Handed out as workers become free, in the order of collection: those that wait longest come first.
SPREAD := -n $(WORKERS) --dist load --maxschedchunk=1
# Each worker collects for itself what it is given, so it is given no more folders than it needs.
CLUSTER_TESTS := tests/cluster tests/contract
LOCAL_TESTS := $(filter-out tests/cluster tests/conformance,$(patsubst %/,%,$(wildcard tests/*/)))
SIDE_BY_SIDE = $(MAKE) --no-print-directory -j2 --output-sync=target
# Byte code is kept, whatever the environment says: hundreds of programs are started, and would all compile themselves.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

.PHONY: demo
demo: $(BIN)/.installed ## A real ingestion on a real Kubernetes, from nothing (cluster: K8S_PIPELINE_TEST_KUBECONFIG or our own)
	@$(BIN)/python -m tests.demo

.PHONY: playground
playground: $(BIN)/.installed ## A cluster, a database and a stand-in of OpenMetadata for your own definitions, in playground/ or PLAYGROUND=DIR
	@$(BIN)/python -m tests.demo.playground

.PHONY: test
test: lint ## All checks, and the tests, the cluster's included; where CI is set, the thorough ones too
	@$(BIN)/python -m tests.cluster.support.prepare
	@# Side by side, for the one computes, and the other waits for programs of the cluster that are killed and started.
	@$(SIDE_BY_SIDE) $(if $(CI),coverage,test-local) test-disruptive
	$(BIN)/pytest $(SPREAD) -m "cluster and not disruptive and not e2e$(if $(CI),, and not thorough)" $(CLUSTER_TESTS)
ifdef CI
	@$(SIDE_BY_SIDE) conformance test-lifecycle
endif

.PHONY: test-disruptive
test-disruptive: $(BIN)/.installed ## That an outage of the API server and a drained node lose nothing; alone on the cluster
	$(BIN)/pytest -m disruptive tests/cluster

.PHONY: test-local
test-local: $(BIN)/.installed ## All tests without a cluster
	$(BIN)/pytest -q -n $(UNIT_WORKERS) -m "not cluster and not conformance" $(LOCAL_TESTS)

.PHONY: test-lifecycle
test-lifecycle: $(BIN)/.installed ## That the local cluster comes up and goes without a trace
	K8S_PIPELINE_TEST_LIFECYCLE=1 $(BIN)/pytest tests/cluster/local

.PHONY: test-unit
test-unit: $(BIN)/.installed ## In seconds: what needs neither a cluster nor a program started, few examples each
	$(BIN)/pytest -q -n auto --hypothesis-profile=quick -m "not cluster" tests/unit tests/contract tests/service

.PHONY: test-openmetadata
test-openmetadata: $(BIN)/.installed ## That the stand-in of OpenMetadata behaves as the server that OPENMETADATA_URL names
	$(BIN)/pytest tests/openmetadata_contract

.PHONY: e2e-openmetadata
e2e-openmetadata: $(BIN)/.installed ## That the server that OPENMETADATA_URL names deploys, runs and watches pipelines through the service
	@$(BIN)/python -m tests.cluster.support.prepare
	@# One after the other: a server has one pipeline service, at one address.
	$(BIN)/pytest -v tests/cluster/e2e_openmetadata

.PHONY: coverage
coverage: $(BIN)/.installed ## All tests without a cluster, and how many of each package's lines they reach
	@# As many examples as ever, but no deadline for each: to count lines takes time.
	$(BIN)/pytest -q -n $(UNIT_WORKERS) --hypothesis-profile=counted -m "not cluster and not conformance" --cov --cov-report= $(LOCAL_TESTS)
	$(BIN)/python -m tests.coverage

.PHONY: mutants
mutants: $(BIN)/.installed ## Whether the unit tests notice small faults in status, cron and the steps; hours. MUTANTS="*cron*" to try
	$(BIN)/mutmut run $(MUTANTS)
	@$(BIN)/mutmut results

.PHONY: conformance
conformance: $(BIN)/.installed ## Our documents beside those of OpenMetadata's published packages, in venvs of their own
	@$(BIN)/python -m tests.conformance.environment
	$(BIN)/pytest -q -n 2 tests/conformance

# The oldest Kubernetes that is supported, and the newest that the Go module proxy has.
MATRIX ?= v1.31.0 v1.36.3
OWN := env -u K8S_PIPELINE_TEST_KUBECONFIG -u KUBEBUILDER_ASSETS

.PHONY: test-matrix
test-matrix: $(BIN)/.installed ## The cluster's tests on each Kubernetes of MATRIX; the local cluster is replaced each time
	@# All are built first, so that the cluster is not away for longer than it must be.
	@for version in $(MATRIX); do $(OWN) K8S_PIPELINE_KUBERNETES_VERSION=$$version $(BIN)/python -m tests.cluster.local build; done
	@failed=; for version in $(MATRIX); do \
		echo "== Kubernetes $$version"; \
		export K8S_PIPELINE_KUBERNETES_VERSION=$$version; \
		$(OWN) $(BIN)/python -m tests.cluster.support.prepare \
		&& $(OWN) $(BIN)/pytest -q $(SPREAD) -m "cluster and not disruptive and not e2e" $(CLUSTER_TESTS) \
		|| failed="$$failed $$version"; \
	done; \
	unset K8S_PIPELINE_KUBERNETES_VERSION; $(OWN) $(BIN)/python -m tests.cluster.local up; \
	if [ -n "$$failed" ]; then echo "failed on:$$failed"; exit 1; fi

.PHONY: bench
bench: $(BIN)/.installed ## Our client beside bare loops and kubectl, into docs/reference/figures.md; BENCH_SIZES="100" BENCH_ROWS="service log" to try
	@$(BIN)/python -m tests.bench

.PHONY: e2e
e2e: $(BIN)/.installed ## Bad ends of the real ingestion, and what OpenMetadata is told, into docs/reference/real-ingestion.md
	@$(BIN)/python -m tests.e2e
	$(BIN)/pytest $(SPREAD) -m e2e tests/cluster/test_serve_faults.py tests/cluster/test_serve_logs.py

.PHONY: faults
faults: $(BIN)/.installed ## Bad ends of runs on a real cluster, into docs/reference/faults.md; FAULTS_PARTS, _ROWS, _KILLS, _RUNS to try
	@$(BIN)/python -m tests.cluster.support.prepare
	@$(BIN)/python -m tests.faults

.PHONY: lint
lint: $(BIN)/.installed ## ruff, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@# It runs on the image's Python: neither syntax nor library of a newer one.
	$(BIN)/mypy --python-version 3.10 k8s_pipeline_client/launcher
	$(BIN)/lint-imports

.PHONY: cluster-up
cluster-up: $(BIN)/.installed ## Start the local one-node Kubernetes; the last line is its kubeconfig
	@$(BIN)/python -m tests.cluster.local up

.PHONY: cluster-down
cluster-down: $(BIN)/.installed ## Remove it, without a trace
	@$(BIN)/python -m tests.cluster.local down

.PHONY: images
images: $(BIN)/.installed ## Build the images of tests and demo as archives, and print where they are
	@$(BIN)/python -m tests.images build all

.PHONY: rights
rights: $(BIN)/.installed ## Generate all Roles and the tables of docs/reference/rights.md from the declared permissions
	$(BIN)/python -m tests.rights

.PHONY: lock
lock: $(BIN)/.installed ## Regenerate requirements.lock from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --upgrade \
		--group dev pyproject.toml -o requirements.lock

# One installation at a time, for two terminals may begin at once: the second finds it done. The lock is this file's,
# and the kernel frees it when its holder ends.
ifndef INSTALLING
$(BIN)/.installed: requirements.lock pyproject.toml
	$(if $(PYTHON),,$(error Python 3.11 or newer is needed, with venv: on Debian, apt-get install python3-venv))
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -c 'import fcntl, os, sys; lock = os.open("Makefile", os.O_RDONLY); fcntl.flock(lock, fcntl.LOCK_EX); os.set_inheritable(lock, True); os.execvp(sys.argv[1], sys.argv[1:])' \
		$(MAKE) --silent INSTALLING=yes $@
else
UV := VIRTUAL_ENV=.venv $(BIN)/uv pip
$(BIN)/.installed: requirements.lock pyproject.toml
	@echo "installing into .venv …"
	@$(PYTHON) -m venv .venv
	@# First uv, for it installs the others in a tenth of pip's time.
	@sed -n '/^uv==/,/^    #/p' requirements.lock > .venv/uv.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock
	@$(UV) install --quiet --require-hashes -r requirements.lock
	@$(UV) install --quiet --no-deps --no-build-isolation -e .
	@touch $@
endif
