# Paths are relative and nothing calls a script out of .venv/bin by its name: their first lines break when the
# project's own path contains a space.
# Which one the environment is made by; left empty, it is chosen.
PYTHON ?=
VENV := .venv/bin/python
# Tests and checks stop the embedded services that they started.
BORROWING := $(VENV) -m aftersales.dev.borrow
# What is installed, kept inside the environment so that it goes with it.
FOR_RUN := .venv/.installed-run
FOR_TEST := .venv/.installed-test
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup run test soak stories bench check browser demo-reset code services-stop translations check-style check-types \
    check-templates check-migrations check-deploy check-drawings check-translations assets

help:
	@echo "make run            the shop with everything it needs, on http://127.0.0.1:8000/ (Ctrl-C stops it)"
	@echo "make test           all tests, in a real browser too (one: make test ARGS='-k name')"
	@echo "make soak           the longer tests: thousands of tickets, 100,000 random steps, every race"
	@echo "make stories        pages in every width, language and light; screenshots in test-results/"
	@echo "make bench          speed and memory, as ratios of one run"
	@echo "make check          style, types, templates, migrations, deployment settings, diagrams, translations"
	@echo "make demo-reset     delete the demo shop: the next run starts over"
	@echo "make code           the code that the demo's staff are asked for when they log in"
	@echo "make services-stop  stop the embedded PostgreSQL and Valkey"
	@echo "make translations   compile the translations after a change"
	@echo "make assets         build static/css/*.css after a change of templates (needs node)"
	@echo "make setup          only install"

setup: $(FOR_RUN) .env

run: setup
	@exec $(VENV) -m aftersales.devrun

# A test's commits need not outlive a power cut, so that nobody waits for the disk. Three at once keep two cores busy:
# tests in a browser, and those with workers of their own, wait a good part of their time.
test soak stories: export PGOPTIONS := -c synchronous_commit=off

test: $(FOR_TEST) .env browser
	$(BORROWING) $(VENV) -m pytest -p aftersales.dev.strict -n 3 --dist worksteal $(ARGS)

soak: $(FOR_TEST) .env browser
	BOOKS_ORDERS=2000 RANDOM_EXAMPLES=850 RANDOM_STEPS=60 RACE_PAIRS=all WALK=all FIRE_TICKETS=200 \
	    $(BORROWING) $(VENV) -m pytest -p aftersales.dev.strict -n 2 --dist worksteal $(ARGS) \
	    refunds/tests/test_books_agree.py refunds/tests/test_lifecycle_random.py refunds/tests/test_race_pairs.py \
	    refunds/tests/test_every_edge.py refunds/tests/test_fire.py

stories: $(FOR_TEST) .env browser
	LOOKS=all $(BORROWING) $(VENV) -m pytest -p aftersales.dev.strict -n 2 $(ARGS) \
	    aftersales/tests/test_stories.py aftersales/tests/test_every_page.py aftersales/tests/test_every_staff_page.py \
	    refunds/tests/test_ticket_browser.py refunds/tests/test_fifty_tickets.py

bench: $(FOR_TEST) .env
	$(BORROWING) $(VENV) -m bench.sweep
	$(BORROWING) $(VENV) -m bench.import_orders
	$(BORROWING) $(VENV) -m bench.queue
	$(BORROWING) $(VENV) -m bench.figures

# `make -k check` goes on after a failure.
check: $(FOR_TEST) .env
	@$(BORROWING) $(MAKE) --no-print-directory check-style check-types check-templates check-migrations check-deploy \
	    check-drawings check-translations

check-style: $(FOR_TEST)
	$(VENV) -m ruff check .
	$(VENV) -m ruff format --check .

check-types: $(FOR_TEST) .env
	$(VENV) -m mypy .

check-templates: $(FOR_TEST)
	find aftersales orders refunds payments templates -name '*.html' -print0 \
	    | xargs -0 .venv/bin/djade --check --target-version 5.2

check-migrations: $(FOR_TEST) .env
	$(VENV) manage.py makemigrations --check --dry-run

# With the settings of production, on the embedded services.
check-deploy: $(FOR_TEST) .env
	@urls="$$($(VENV) -m aftersales.devservices env)" && eval "$$urls" && \
	    DEBUG=0 SECRET_KEY="$$($(VENV) -c 'import secrets; print(secrets.token_urlsafe(64))')" \
	    ALLOWED_HOSTS=shop.example PUBLIC_URL=https://shop.example SANDBOX_URL=https://sandbox.example \
	    SANDBOX_SECRET=checked-not-used EVIDENCE_DIR=/tmp/checked-not-used \
	    EMAIL_URL=smtps://mail.example DEFAULT_FROM_EMAIL=no-reply@shop.example \
	    $(VENV) manage.py check --deploy --fail-level WARNING

check-drawings: $(FOR_TEST) .env
	$(VENV) manage.py draw_lifecycles --check

check-translations: $(FOR_TEST)
	$(VENV) -m aftersales.dev.translations --check

translations: $(FOR_RUN)
	$(VENV) -m aftersales.dev.translations

# For developers only: what it makes is committed, so that nothing else needs node.
assets: .dev/assets/package.json
	NODE_PATH=.dev/assets/node_modules .dev/assets/node_modules/.bin/tailwindcss \
	    -i aftersales/dev/assets/app.css -o static/css/app.css --minify
	NODE_PATH=.dev/assets/node_modules .dev/assets/node_modules/.bin/tailwindcss \
	    -i aftersales/dev/assets/admin.css -o static/css/admin.css --minify

.dev/assets/package.json: aftersales/dev/assets/package.json
	@mkdir -p .dev/assets && cp $< .dev/assets/
	cd .dev/assets && npm install --no-audit --no-fund --no-package-lock
	@touch $@

demo-reset: $(FOR_RUN)
	@$(VENV) -m aftersales.devservices reset

code: $(FOR_RUN)
	@$(VENV) -m aftersales.dev.code

services-stop: $(FOR_RUN)
	@$(VENV) -m aftersales.devservices stop

.env:
	@echo "DEBUG=1" > .env

$(FOR_RUN): requirements.txt
	@$(ENVIRONMENT)
	@echo "Installing what the shop needs …"
	@$(VENV) -m pip install -qq --disable-pip-version-check -r requirements.txt
	@touch $@

$(FOR_TEST): requirements.txt requirements-dev.txt
	@$(ENVIRONMENT)
	@echo "Installing what the shop and its tests need …"
	@$(VENV) -m pip install -qq --disable-pip-version-check -r requirements-dev.txt
	@touch $(FOR_RUN) $@

# A usable .venv stays; a missing or broken one is made anew: by PYTHON where it is given, otherwise by the first Python
# that is found, unless another one is clearly faster.
define ENVIRONMENT
$(VENV) -m pip --version > /dev/null 2>&1 && exit 0; \
for python in $(if $(PYTHON),"$(PYTHON)",python3 /usr/bin/python3 python3.14 python3.13 python3.12 python3.11); do \
    took="$$("$$python" -I aftersales/dev/fit.py 2> /dev/null)" || continue; \
    [ -n "$$best" ] && [ $$((took * 5)) -gt $$((least * 4)) ] && continue; \
    best="$$python" least="$$took"; \
done; \
[ -n "$$best" ] && exec "$$best" -m venv --clear .venv; \
echo "A Python is needed: 3.11 or newer, which makes virtual environments (Debian, Ubuntu: apt-get install python3-venv)." \
    "Say where there is one: make PYTHON=/path/to/python3.12" >&2; \
exit 1
endef

# The tests drive a real browser, by choice the system's: it needs no download by the tests. Without windows it is the
# quicker one. Pictures of Chinese pages need a font.
browser:
	@missing=browser; \
	for name in chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable; do \
	    command -v $$name > /dev/null && missing="" && break; \
	done; \
	[ -n "$$(fc-list :lang=zh-cn 2> /dev/null)" ] || missing="$$missing font"; \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	    echo "Installing for the tests: $$missing …"; \
	    apt-get update -qq; \
	    name=chromium-headless-shell; \
	    apt-cache show $$name > /dev/null 2>&1 || name=chromium; \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$name fontconfig fonts-noto-cjk; \
	else \
	    echo "Missing for the tests: $$missing. Install chromium and fonts-noto-cjk, or what your system calls them." >&2; \
	    test -z "$$CI"; \
	fi
