# The one door. `make` lists the targets; each of them installs what it lacks.

.DEFAULT_GOAL := help
.PHONY: help demo demo-cloud quick test test-long fuzz test-oracle check lint fix bench bench-oracle bench-cloud replication-suite \
	program build shipped hostile plugins bindings plugins-second setup setup-oracle setup-browser install dist deb clean

CARGO := cargo
GUESTS := build --release --target wasm32-wasip2
PROCESSORS := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

# rust-toolchain.toml names the toolchain. Where rustup neither has it nor can download it, its default one has to do.
ifneq ($(shell command -v rustup),)
ifeq ($(shell $(CARGO) --version 2>/dev/null),)
export RUSTUP_TOOLCHAIN := $(firstword $(shell rustup default 2>/dev/null))
endif
endif

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

# The program and the plugins are built side by side. The `+` lets both cargos share make's jobs: as many as there are processors.
demo: ## make a sample warehouse, run the main job three times and show what happened
	@$(MAKE) --no-print-directory -j$(PROCESSORS) program shipped
	@tests/demo.sh

demo-cloud: program shipped ## the same from Oracle WMS Cloud, played by a mock of its API
	@$(CARGO) build --release -p wmshost-wms-cloud-mock
	@tests/demo-cloud.sh

quick: ## the unit and tidy tests in the dev profile: no plugins, no servers
	$(CARGO) test --quiet --workspace --exclude wmshost-fuzz --lib

# A commit waits for the disk, which is most of the tests' time on a slow one. Nothing that a test writes is needed after it.
ifndef TMPDIR
MEMORY_FOLDER := $(shell test -w /dev/shm && df -Pk /dev/shm | awk 'NR == 2 && $$4 > 6000000 { print "/dev/shm" }')
ifneq ($(MEMORY_FOLDER),)
test: export TMPDIR := $(MEMORY_FOLDER)
endif
endif

ifdef CRATE
test: ## pass all tests, or with CRATE=wmshost-flow those of one crate
	$(CARGO) test --release -p $(CRATE)
else
test: build plugins setup-oracle
	$(CARGO) test --release --workspace --quiet
	cd plugins && $(CARGO) test --quiet && $(CARGO) test --quiet -p wmshost-plugin-bindgen
endif

test-long: export WMSHOST_TEST_LONG = 1
test-long: build plugins setup-oracle setup-browser ## the tests that kill runs, ten times as often, 200 stories of a web service, 1,000,000 rows from Oracle to Oracle, `init` over public databases, the dashboard in a browser, and transforms in JavaScript and Python
	$(CARGO) test --release --workspace --test matrix --test schemas --test crash --test cloud --test oracle --test oracle-matrix --test reference_clients --test python_client -- --nocapture
	WMSHOST_TEST_LONG=1 $(CARGO) test --release --workspace --test cli -- public_databases a_browser --nocapture
	WMSHOST_TEST_LONG=1 $(CARGO) test --release --workspace --test authors -- javascript python --nocapture

FUZZ := $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs)))
FUZZ_SECONDS := 60

fuzz: ## look for bytes that harm the host at each door, by cargo-fuzz (FUZZ=bundle for one door, FUZZ_SECONDS=N for longer than a minute each)
	@command -v cargo-fuzz >/dev/null || { echo 'cargo-fuzz is missing: cargo install cargo-fuzz'; exit 2; }
	@$(CARGO) +nightly --version >/dev/null 2>&1 || { echo 'a nightly toolchain is missing: rustup toolchain install nightly'; exit 2; }
	WMSHOST_FUZZ_CORPUS=$$PWD/fuzz/corpus $(CARGO) test --release --quiet --workspace --test doors -- --ignored
	@for door in $(FUZZ); do \
	  $(CARGO) +nightly fuzz run "$$door" -- -max_total_time=$(FUZZ_SECONDS) -max_len=65536 -timeout=30 -rss_limit_mb=4096 || exit 1; done

test-oracle: build plugins ## conformance, the job and models on a real server, with a report: WMSHOST_ORACLE_DSN (a descriptor), _USER, _PASSWORD, _CLIENT=oci
	@test -n "$$WMSHOST_ORACLE_DSN" || { echo 'set WMSHOST_ORACLE_DSN, WMSHOST_ORACLE_USER and WMSHOST_ORACLE_PASSWORD'; exit 2; }
	@tests/oracle-server.sh

check: lint test ## what must hold before a change lands: format, lints, documentation, dependencies, licences, tests

lint: ## what `make check` holds besides the tests; `make test` has those of unused dependencies and features
	$(CARGO) fmt --all --check
	cd plugins && $(CARGO) fmt --all --check
	$(CARGO) clippy --release --workspace --all-targets -- -D warnings
	$(CARGO) clippy --release --workspace --all-targets --features wmshost/oci -- -D warnings
	cd plugins && $(CARGO) clippy --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --release --workspace --no-deps --document-private-items
	@if command -v cargo-deny >/dev/null; then $(CARGO) deny check; else echo "cargo-deny is not installed: licences not checked"; fi

fix: ## repair what can be repaired by itself
	$(CARGO) fmt --all
	cd plugins && $(CARGO) fmt --all

bench: build plugins ## full and incremental load of 1,000,000 rows beside plain SQL and native Rust (BENCH_ROWS=N for fewer; BENCH_MODELS=1: the models)
	$(CARGO) run --release --quiet -p wmshost-bench

bench-oracle: build setup-oracle ## the Oracle driver beside python-oracledb on the emulator: rows per CPU second, and merges both ways
	$(CARGO) run --release --quiet -p wmshost-bench -- oracle

bench-cloud: build ## pages of Oracle WMS Cloud made into batches beside Python: plain, and a tap of the Singer SDK (BENCH_ROWS=N for fewer rows)
	@test -x target/singer-sdk/bin/python || { python3 -m venv target/singer-sdk && target/singer-sdk/bin/pip install --quiet singer-sdk; }
	WMSHOST_SDK_PYTHON=$$PWD/target/singer-sdk/bin/python $(CARGO) run --release --quiet -p wmshost-bench -- cloud

replication-suite: program shipped ## the scenarios of replication with wmshost, dlt and sling; writes the table in docs/replication-suite.md
	@tests/replication-suite/setup.sh
	python3 tests/replication-suite/run.py --tool wmshost --tool dlt-sqlite --tool dlt-duckdb --tool sling \
	  --json target/replication-suite/verdicts.json --document docs/replication-suite.md

program: ## build the program alone, into target/release/wmshost
	$(CARGO) build --release -p wmshost

# With the tests, so that what they and the host share is compiled once, with one set of features.
build: ## build the program and all tests
	$(CARGO) build --release --workspace --all-targets

shipped: setup ## build the plugins that are shipped
	cd plugins && $(CARGO) $$(cat .toolchain) $(GUESTS) --workspace --exclude 'hostile-*' --exclude wmshost-plugin-bindgen

hostile: setup ## build the plugins with which `wmshost doctor --sandbox` attacks the sandbox
	cd plugins && $(CARGO) $$(cat .toolchain) $(GUESTS) -p hostile-extractor -p hostile-transform -p hostile-loader

plugins: setup ## build all plugins, those too that try to break out in the tests
	cd plugins && $(CARGO) $$(cat .toolchain) $(GUESTS)

bindings: ## write the SDK's bindings, after a change of wit/
	cd plugins && $(CARGO) run --quiet -p wmshost-plugin-bindgen

plugins-second: ## build all plugins again by Debian's packages (on Debian), for the tests with both kinds of standard library
	cd plugins && toolchain=$$(./setup.sh --second) && $(CARGO) $$toolchain $(GUESTS) --target-dir target/second

setup: ## install what building plugins needs: the wasm32-wasip2 target
	@plugins/setup.sh >/dev/null

setup-oracle: ## install what the tests by the Oracle emulator need: PostgreSQL, orafce, python-oracledb, SQLAlchemy; node-oracledb where Node.js is
	@tests/oracle-emulator/setup.sh >/dev/null

setup-browser: ## install what the test of the dashboard in Chromium checks by: axe-core, where npm is
	@if command -v npm >/dev/null && [ ! -e target/browser/node_modules/axe-core ]; then \
	  npm install --silent --no-audit --no-fund --prefix target/browser axe-core@4.14.1 >&2 || echo 'axe-core cannot be installed; the test goes without it' >&2; fi

PREFIX ?= /usr/local

install: program shipped hostile ## install into PREFIX (default /usr/local): the program, the standard plugins, pipelines, manual pages, completions
	packaging/install.sh target/release/wmshost plugins/target/wasm32-wasip2/release $(DESTDIR)$(PREFIX)

dist: program setup ## make the release archive and its checksum in target/dist
	packaging/dist.sh "$$(cat plugins/.toolchain)"

deb: dist ## make a Debian package in target/debian, by cargo-deb (cargo install cargo-deb)
	$(CARGO) deb -p wmshost --no-build

clean: ## remove what was built and the demo's data
	rm -rf target plugins/target .wmshost
