# On a fresh machine with Python 3.11 or later, "make run" shows the product and "make test" tests it.

PORT ?= 8000
ARGS ?=
MENDED ?=
COMPAT_PYTHON ?= python3.13
COMPAT_DJANGO ?= ~=6.1
# The first Python on the PATH that will do; another one is named with: make PYTHON=/path/to/python3.12 run
PYTHON ?= $(or $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c "$(CAN_MAKE_AN_ENVIRONMENT)" 2>/dev/null && echo $$python && break; done),python3)

CAN_MAKE_AN_ENVIRONMENT := from ensurepip import version; import sys; sys.exit(sys.version_info < (3, 11))
IS_RECENT := import sys; sys.exit(sys.version_info < (3, 11))
PY := .venv/bin/python
PRODUCT := accounts appointments audit common config interop screening manage.py
TEMPLATES = $(shell find templates */templates -name '*.html' 2>/dev/null)
COMPILE = $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make requirements" $(UPGRADE)

# All targets are for development; docs/operation.md says how the product is run in production.
export UPRIGHT_DEVELOPMENT := 1
export PYTHONUNBUFFERED := 1

.PHONY: help run test check bench soak containers fuzz compat mutants scan lint judges observatory format approve messages \
	requirements sbom behind upgrade
.NOTPARALLEL:

help: ## Says what there is.
	@sed -n 's/^\([a-z]*\):.*## /  make \1 - /p' Makefile

run: .venv/runtime $(if $(SSO_DEMO),var/judges/whole) ## Installs, fills a demo database and serves it at http://127.0.0.1:8000/ (PORT=8001 for another).
	@echo "Bringing the database up to date."
	@$(PY) manage.py migrate --verbosity 0
	@echo "Loading the demo."
	@$(PY) manage.py demo
	@echo "Serving at http://127.0.0.1:$(PORT)/ until Ctrl-C. What is sent by e-mail is put into var/mail/."
	@export SITE_URL=http://127.0.0.1:$(PORT); $(if $(SSO_DEMO),. tests/provider/demo.sh;) \
		$(PY) manage.py work & worker=$$!; \
		trap "kill $$worker 2>/dev/null; wait" EXIT; trap : INT; trap "exit 143" TERM; \
		$(PY) manage.py runserver $(PORT)

test: .venv/development ## Installs and runs the tests that need only Python (ARGS="-k words" for some).
	@$(PY) -m tests test $(ARGS)

check: .venv/development var/judges/whole ## Before a push: these, PostgreSQL, the browser, the deployment (ARGS as above).
	@$(PY) -m tests check $(ARGS)

bench: .venv/development ## Measures the queue with a million requests, and all beside others (ARGS=--short for that alone).
	@$(PY) -m tests.bench $(ARGS)

soak: .venv/development ## Kills, starves and floods everything for a quarter of an hour (ARGS="database --seconds 600").
	@$(PY) -m tests.soak $(ARGS)

containers: .venv/development ## Builds the images, starts docker-compose.yml with Docker or podman, and tries what it promises.
	@$(PY) -m tests.containers $(ARGS)

fuzz: .venv/development ## Sends 20,000 generated inputs, walks 200 times through lives of requests, and through a year.
	@FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-20000} LIFE_EXAMPLES=$${LIFE_EXAMPLES:-200} YEAR_DAYS=$${YEAR_DAYS:-400} \
		$(PY) -m tests fuzz tests/test_fuzz.py tests/test_fuzz_wire.py \
		tests/appointments/test_life_of_requests.py tests/appointments/test_year.py $(ARGS)

compat: .venv/development ## Runs the quick tests on the next Python and Django (COMPAT_PYTHON=python3.13).
	@echo "Installing for $$($(COMPAT_PYTHON) --version) with Django $(COMPAT_DJANGO) into var/compat."
	@$(PY) -m uv venv --quiet --clear --python "$$(command -v $(COMPAT_PYTHON))" var/compat
	@echo "Django$(COMPAT_DJANGO)" > var/compat/override.txt
	@grep -v '^-c' requirements-dev.in | $(PY) -m uv pip install --quiet --python var/compat/bin/python \
		-r requirements.in -r - --override var/compat/override.txt
	@# What goes away later is still there.
	@env -u UPRIGHT_DEVELOPMENT var/compat/bin/python -m tests test \
		-W ignore::DeprecationWarning -W ignore::PendingDeprecationWarning $(ARGS)

mutants: .venv/development ## Takes each defence away in a copy, and says which test noticed (ARGS="proxy" for some).
	@$(PY) -m tests.mutants $(ARGS)

lint: .venv/development ## Checks style, format, templates and types.
	@echo "Checking the style of the code."
	@$(PY) -m ruff check
	@echo "Checking the format of the code."
	@$(PY) -m ruff format --check
	@echo "Checking the format of the templates."
	@.venv/bin/djade --target-version 5.2 --check $(TEMPLATES)
	@echo "Checking the types."
	@$(PY) -m mypy
	@echo "Looking for insecure habits in the code."
	@$(PY) -m bandit --quiet --configfile pyproject.toml --recursive $(PRODUCT)

scan: .venv/development var/scanners/whole ## Lets sqlmap and Wapiti try every form and page (ARGS="-k patients" for some).
	@$(PY) -m tests.scanners $(ARGS)

var/scanners/whole: tests/scanners/requirements.txt
	@echo "Installing what scans the pages into var/scanners."
	@rm -rf var/scanners && $(PY) -m venv var/scanners
	@var/scanners/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

judges: .venv/development var/judges/whole ## Installs what judges the pages and comes from npm: IBM's checker, the Observatory.

observatory: .venv/development var/judges/whole ## Lets the MDN HTTP Observatory judge the headers of every public page.
	@$(PY) -m tests.observatory

format: .venv/development ## Corrects style and format where a program can.
	@echo "Correcting the style and format of the code."
	@$(PY) -m ruff check --fix --exit-zero
	@$(PY) -m ruff format
	@echo "Correcting the format of the templates."
	@# It reports a correction as a failure; what counts is what is left.
	@.venv/bin/djade --target-version 5.2 $(TEMPLATES) || .venv/bin/djade --target-version 5.2 --check $(TEMPLATES)

approve: .venv/runtime ## Writes the pathway and the lifecycle as they are now to the files that the tests compare them with.
	@echo "Writing what a clinician and a manager approve. Read the difference before you commit it."
	@$(PY) manage.py describe_pathway --list --mended "$(MENDED)"
	@$(PY) manage.py describe_pathway > .venv/approved.md && mv .venv/approved.md tests/screening/approved/pathway.md
	@$(PY) manage.py describe_lifecycle > .venv/approved.md && mv .venv/approved.md tests/appointments/approved/lifecycle.md
	@$(PY) manage.py describe_lifecycle --renew docs/staff.md docs/architecture.md

messages: .venv/runtime ## Collects what is to be translated and compiles the translations (needs gettext).
	@echo "Collecting what is to be translated."
	@$(PY) manage.py makemessages $(addprefix --locale ,$(notdir $(wildcard locale/*))) --no-location --no-wrap --no-obsolete \
		--ignore 'tests/*' --ignore '.venv/*' --ignore 'var/*' --ignore 'templates/admin/*' --ignore 'templates/screening/components.html'
	@echo "Compiling the translations."
	@$(PY) manage.py compilemessages --verbosity 0 --ignore '.venv/*' --ignore 'var/*'

sbom: .venv/development ## Prints the bill of materials of what ships, as CycloneDX.
	@$(PY) -m tests.supply.sbom

behind: .venv/development ## Says which pin is behind the newest release, and what holds it there.
	@$(PY) -m tests.supply.behind

upgrade: ## Takes the newest release of everything that nothing holds back.
	@$(MAKE) -s requirements UPGRADE=--upgrade

requirements: .venv/development ## Compiles requirements*.in to the pinned requirements*.txt.
	@echo "Compiling requirements.in."
	@$(COMPILE) requirements.in -o requirements.txt
	@echo "Compiling requirements-dev.in."
	@$(COMPILE) requirements-dev.in -o requirements-dev.txt
	@echo "Compiling tests/judges/requirements.in."
	@$(COMPILE) tests/judges/requirements.in -o tests/judges/requirements.txt

.venv/runtime: requirements.txt
	$(install)

.venv/development: requirements.txt requirements-dev.txt
	$(install)

# Node.js comes from Python's index where the machine has none that is new enough, as Debian 12 does not.
var/judges/whole: tests/judges/package-lock.json tests/judges/requirements.txt
	@echo "Installing what judges the pages into var/judges. The first time this takes a minute."
	@rm -rf var/judges && mkdir -p var/judges
	@if ! node --eval 'process.exit(parseInt(process.versions.node) < 22 ? 1 : 0)' 2>/dev/null; then \
		$(PY) -m venv var/judges && var/judges/bin/python -m pip install --quiet \
			--disable-pip-version-check --require-hashes -r tests/judges/requirements.txt; fi
	@cp tests/judges/package.json tests/judges/package-lock.json tests/judges/.npmrc var/judges/
	@cd var/judges && PATH="$$PWD/bin:$$PATH" npm ci --omit=dev --no-audit --no-fund --loglevel=error
	@touch $@

# To pip, a package of which it was interrupted installing half looks installed. So .venv/whole is gone for as long as
# pip works, and an environment without it is made anew. Python compiles what is imported; to compile all takes longer.
define install
@if [ ! -e .venv/whole ]; then $(make_environment); fi
@rm -f .venv/whole
@echo "Installing $^ into .venv. The first time this takes a minute."
@$(PY) -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes $(^:%=-r %)
@touch .venv/whole $@
endef

define make_environment
	if ! $(PYTHON) -c "$(IS_RECENT)" 2>/dev/null; then \
		echo "This needs Python 3.11 or later, and $(PYTHON) is not. On Debian or Ubuntu: apt-get install python3 python3-venv."; \
		echo "If it is installed under another name: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; \
		exit 1; \
	elif ! $(PYTHON) -c "$(CAN_MAKE_AN_ENVIRONMENT)" 2>/dev/null; then \
		echo "$(PYTHON) cannot make virtual environments. On Debian or Ubuntu: apt-get install python3-venv."; \
		exit 1; \
	fi; \
	echo "Making a virtual environment in .venv with $$($(PYTHON) --version)."; \
	$(PYTHON) -m venv --clear .venv
endef
