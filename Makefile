# Every target is a thin call of one script in scripts/, where the work and the reasons stand.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test build install uninstall deb lint format docs bench bench-http conformance fuzz simulate mutations test-interop test-systemd test-slow fresh-clone clean

DESTDIR ?=
PREFIX ?= /usr
ARGS ?=
SECONDS ?= 60
SEEDS ?= 10000

help: ## say what each target does
	@scripts/help

run: ## set up, build and run the demo; Ctrl-C ends it (ARGS="--for 15s")
	@scripts/run $(ARGS)

test: ## set up, build and run the test suite (ARGS="--filter NAME")
	@scripts/test $(ARGS)

build: ## set up and build for debugging (ARGS="-c release")
	@scripts/build $(ARGS)

install: ## build for release and install (DESTDIR=, PREFIX=/usr)
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" scripts/install

uninstall: ## remove what install put in place, except configuration and data
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" scripts/uninstall

deb: ## build the Debian package and check it with lintian
	@scripts/deb

lint: ## check the format of Swift, the shell scripts and the systemd unit
	@scripts/lint

format: ## rewrite the Swift sources in the project's format
	@scripts/format

docs: ## build the libraries' documentation; a warning is an error
	@scripts/docs

bench: ## compare processor time with peers and the floor, side by side (ARGS="--quick")
	@scripts/bench $(ARGS)

bench-http: ## compare the REST client with its peers, side by side (ARGS="--quick")
	@scripts/bench-http $(ARGS)

conformance: ## run the Autobahn test suite against the client library (ARGS=--full)
	@scripts/conformance $(ARGS)

fuzz: ## fuzz what reads bytes from a server (SECONDS=60, ARGS="frames deflated")
	@DURATION="$(SECONDS)" scripts/fuzz $(ARGS)

simulate: ## run the reconnect loop through 10,000 random worlds (SEEDS=10000)
	@SEEDS="$(SEEDS)" scripts/simulate

mutations: ## plant bugs and demand that the simulation finds them (about 6 minutes)
	@scripts/mutations $(ARGS)

test-interop: ## test against servers written by others: websockets, aiohttp, ws, nginx, pproxy
	@scripts/test-interop $(ARGS)

test-systemd: ## install the package in a container with a real systemd, and check both (as root)
	@scripts/test-systemd $(ARGS)

test-slow: ## address and thread sanitizer, then repeated runs (about 25 minutes)
	@scripts/test-slow $(ARGS)

fresh-clone: ## prove `make run` and `make test` from a fresh clone (ARGS=--no-test)
	@scripts/fresh-clone $(ARGS)

clean: ## remove everything that was built
	@scripts/clean
