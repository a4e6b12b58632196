# Every target is a thin name for a script in scripts/; `make` alone lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# For `make bench QUICK=1` and `make simulate SEEDS=100000`, `SEED=7`.
export QUICK SEEDS SEED EVENTS FAST

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## run a batch of orders through Swift and Python workers, then stop everything
	@scripts/demo

.PHONY: up
up: ## start broker, orchestrator and workers and leave them running
	@scripts/demo up

.PHONY: down
down: ## stop what `make up` started
	@scripts/demo down

.PHONY: test
test: deps ## run every test of every language; the last line is `N passed, N failed`
	@scripts/test

.PHONY: lint
lint: deps ## check formats, types and rules
	@scripts/lint

.PHONY: deps
deps: ## install missing system packages with apt
	@scripts/install-dependencies

.PHONY: build
build: ## build all Swift products (debug)
	@scripts/install-dependencies build
	@scripts/build

.PHONY: bench
bench: ## measure speed against the floor; QUICK=1 takes under three minutes
	@scripts/install-dependencies build broker python
	@scripts/bench

.PHONY: simulate
simulate: ## run the orchestrator through simulated worlds of faults: SEEDS=100000, or one: SEED=7
	@scripts/install-dependencies build
	@scripts/simulate

.PHONY: format
format: ## rewrite Swift and Python files in the project's format
	@scripts/format

.PHONY: clean
clean: down ## remove everything that was built or started here
	rm -rf .build .tasker
