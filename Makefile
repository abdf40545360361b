# Everything starts here. `make demo` and `make test` set up what they need first; nothing has to be installed by hand but Python and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What pip is run with: the lock decides every version and every octet, and nothing from the user's own site is seen.
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
INSTALL := $(PIP) install --quiet --require-hashes --no-compile
# What pip would do in one process. Some packages carry files for another Python: what cannot be compiled is never imported.
COMPILE := $(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true
# Without network: setuptools is in the lock.
INSTALL_SELF := $(PIP) install --quiet --no-deps --no-index --no-build-isolation --editable .
# One more than two cores: some tests wait for a time to pass.
WORKERS ?= 3
RATE ?= 20
SECONDS ?= 600
BROKER_RATE ?= 150
BROKER_SECONDS ?= 60
MINUTES ?= 10

.PHONY: demo test peers lint format docs bench fuzz mutants chaos load lock clean help

help: ## Show the targets.
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

demo: $(VENV)/.ready ## Start the whole federation on http://localhost:8000 (NSIS_PORT moves it; ARGS=--realistic or ARGS=--lan).
	@exec $(BIN)/nsis demo $(ARGS)

test: ## Run the checks and every test.
	@$(MAKE) --no-print-directory --jobs 2 lint peers
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -q

peers: ## Install what the tests meet beside Python, as root; else say what is missing.
	@sh scripts/test_peers.sh

lint: $(VENV)/.ready-dev ## Formatting, lint, types, and who may import whom.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/.ready-dev ## Put the code in form.
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format .

docs: $(VENV)/.ready-dev ## Write the generated pages anew; the tests fail while one is stale.
	$(BIN)/python -m scripts.generate_rules
	$(BIN)/python -m scripts.generate_login_flow
	$(BIN)/python -m scripts.generate_logout_flow
	$(BIN)/python -m scripts.generate_refusals
	$(BIN)/python -m scripts.generate_settings
	$(BIN)/python -m scripts.generate_limits
	$(BIN)/python -m scripts.generate_attacks
	$(BIN)/python -m scripts.generate_matrix
	$(BIN)/python -m scripts.assurance
	$(BIN)/python -m scripts.federation_schema
	$(BIN)/python -m scripts.messages

bench: $(VENV)/.ready-dev ## Measure a login, memory and cold start.
	$(BIN)/python -m scripts.bench

fuzz: $(VENV)/.ready-dev ## Mutants, comparisons with libxmlsec, the model and fuzzing for MINUTES (10); records in docs/assurance.
	$(BIN)/python -m scripts.fuzz --minutes $(MINUTES)

mutants: $(VENV)/.ready-dev ## Change the code that decides who gets in, line by line, and see a test fail each time; takes an hour.
	$(BIN)/python -m scripts.mutants

chaos: $(VENV)/.ready-dev peers ## Kills, races, disk, clock, upstream and SIGTERM in full; CHAOS="kills disk" or CHAOS="--share 0.1" for less.
	$(BIN)/python -m scripts.chaos $(CHAOS)

load: $(VENV)/.ready-dev ## Log in at a rate for a time (RATE, SECONDS), everything included, then at the broker alone (BROKER_RATE, BROKER_SECONDS).
	$(BIN)/python -m scripts.load --rate $(RATE) --seconds $(SECONDS) --broker-rate $(BROKER_RATE) --broker-seconds $(BROKER_SECONDS) --write

lock: ## Resolve the requirements anew (needs uv).
	sh scripts/lock.sh

clean: ## Remove what was installed and generated.
	rm -rf $(VENV) var build *.egg-info
	find certs -mindepth 1 ! -name README.md -delete

$(VENV)/bin/python:
	@sh scripts/make_venv.sh "$(PYTHON)" "$(VENV)"

# The stamps are older than a changed lock, so a pull that moves a version installs it, and an unchanged one costs nothing.
$(VENV)/.ready: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing what the lock names (once) …"
	@$(INSTALL) --requirement requirements.lock
	@$(COMPILE)
	@$(INSTALL_SELF)
	@touch $@

$(VENV)/.ready-dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing what the development lock names (once) …"
	@$(INSTALL) --requirement requirements-dev.lock
	@$(COMPILE)
	@$(INSTALL_SELF)
	@touch $(VENV)/.ready $@
