# `make demo` and `make test` work in an empty clone with nothing but Python 3.11 or newer (with its venv module), as
# root and as anybody. Everything else comes from the registries: what uv.lock says, and for tests Debian's packages.

PYTHON ?= python3
UV_VERSION := 0.13.9
UV := build/uv/bin/uv
BIN := .venv/bin
READY := .venv/.ready
TEST_PACKAGES := nginx-light haproxy postfix openssh-client curl sogo sogo-activesync postgresql memcached dovecot-imapd \
  dovecot-auth-lua lua-cjson libwbxml2-utils iproute2 chromium
# Three at a time, a file's tests together: they start servers and wait for them, and a machine that runs CI may have two cores.
PYTEST_OPTIONS ?= -n 3 --dist loadfile
BENCH_PACKAGES := $(TEST_PACKAGES) wrk

.PHONY: demo test lint bench test-long lab lab-play screenshots pictures clean bytecode

demo: $(READY) bytecode
	@$(BIN)/gatepost demo

test: lint bytecode
	@scripts/debian-packages $(TEST_PACKAGES)
	@$(BIN)/pytest $(PYTEST_OPTIONS)

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy src tests lab $(if $(wildcard bench/*.py),bench)
	$(BIN)/lint-imports --no-logo

# Full sizes and many more random cases: an hour rather than minutes.
test-long: $(READY) bytecode
	@scripts/debian-packages $(TEST_PACKAGES)
	@$(BIN)/pytest -m "long or not long" --hypothesis-profile=thorough

# Writes docs/performance.md.
bench: $(READY) bytecode
	@scripts/debian-packages $(BENCH_PACKAGES)
	@$(BIN)/python -m bench

# Real mail servers before a Gatepost site, to play with until Ctrl-C; needs root.
lab: $(READY) bytecode
	@scripts/debian-packages $(TEST_PACKAGES)
	@$(BIN)/python -m lab

# The same, with a story played and told.
lab-play: $(READY) bytecode
	@scripts/debian-packages $(TEST_PACKAGES)
	@$(BIN)/python -m lab play

# Every page and mail as pictures, in build/screenshots.
screenshots: $(READY) bytecode
	@scripts/debian-packages chromium
	@$(BIN)/python -m tests.browser.screenshots

# Those few that the README shows, in docs/pictures.
pictures: $(READY) bytecode
	@scripts/debian-packages chromium
	@$(BIN)/python -m tests.browser.screenshots --pictures

clean:
	rm -rf .venv build .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests bench lab -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# Compiled here, not when first imported: a start would take three times as long wherever Python may not write.
bytecode: $(READY)
	@$(BIN)/python -m compileall -q src/gatepost

$(READY): uv.lock pyproject.toml $(UV)
	UV_PYTHON_DOWNLOADS=never $(UV) sync --quiet --frozen --compile-bytecode --python $(PYTHON)
	@touch $@

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Gatepost needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "Python's venv module is missing; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv build/uv
	@build/uv/bin/python -m pip install --quiet --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $(UV)
