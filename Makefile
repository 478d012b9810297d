# All there is to know: make run, make test, make lint. What each does is written in tools/.
PYTHON ?= python3
VENV := .venv
PORT ?= 8000
HOST ?= 127.0.0.1
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run kafka test e2e lint format bench docs lock clean

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make the environment in .venv from the lock file
	@$(PYTHON) tools/setup_environment.py run

setup-dev: ## the same with what tests and checks need
	@$(PYTHON) tools/setup_environment.py dev

run: setup ## start the TOM with its demo (PORT=8000, HOST=127.0.0.1)
	@$(VENV)/bin/python tools/run.py --host $(HOST) --port $(PORT)

kafka: KAFKA_PORT = $(if $(filter command line environment,$(origin PORT)),$(PORT),9092)
kafka: setup-dev ## start a Kafka broker for development (PORT=9092), its topics in memory only
	@$(VENV)/bin/python tools/kafka.py --host $(HOST) --port $(KAFKA_PORT)

test: setup-dev ## run the tests on every database that is found
	@$(VENV)/bin/python tools/test.py $(ARGS)

e2e: setup-dev ## run the tests that drive a browser
	@$(VENV)/bin/python tools/test.py --only-browser $(ARGS)

lint: setup-dev ## run every check that needs no test
	@$(VENV)/bin/python tools/lint.py $(ARGS)

format: setup-dev ## put code and templates into the house's layout
	@$(VENV)/bin/python tools/lint.py --mend

bench: setup-dev ## measure, and print medians
	@$(VENV)/bin/python -m benchmarks $(ARGS)

docs: setup-dev ## check the documents: links, settings, decision records, change fragments
	@$(VENV)/bin/python tools/docs.py --mend

lock: setup-dev ## pin the newest allowed versions with their hashes
	@$(VENV)/bin/python tools/lock.py

clean: ## remove the environment; data/ stays
	rm -rf $(VENV) node_modules build dist *.egg-info
