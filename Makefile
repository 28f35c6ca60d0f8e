# Millrace. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
GO      ?= go
BIN     := build/millrace
STATICCHECK := build/tools/staticcheck
FUZZTIME ?= 10m
KILLS ?= 1000
FAULTS ?= 3
DISKS ?= 5
SEEDS ?= 20000
TRANSPORT ?= auto

# Pure Go everywhere; only the race detector needs C.
export CGO_ENABLED := 0

# What the tests need from Debian: command=package, or file=package.
DEBIAN := mosquitto_pub=mosquitto-clients chromium=chromium gcc=gcc mount=mount stdbuf=coreutils \
	haproxy=haproxy openssl=openssl \
	/usr/lib/python3/dist-packages/paho/mqtt=python3-paho-mqtt

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

## --- building ---------------------------------------------------------------

.PHONY: build
build: console ## Build the console and the binary with it
	$(GO) build -tags console -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/millrace

.PHONY: build-go
build-go: ## Build the binary without the console (no Node needed)
	$(GO) build -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/millrace

.PHONY: console
console: console/dist/index.html

CONSOLE_SOURCES := $(shell find console -path console/node_modules -prune -o -path console/dist -prune -o -type f -print 2>/dev/null)
console/dist/index.html: console/node_modules/.package-lock.json $(CONSOLE_SOURCES)
	cd console && npm run --silent build
	@touch $@

console/node_modules/.package-lock.json: console/package.json console/package-lock.json
	@command -v npm >/dev/null || { echo "The console needs Node 20 with npm. 'make build-go' builds without it."; exit 1; }
	cd console && npm ci --no-audit --no-fund
	@touch $@

.PHONY: run
run: build ## Build all and start a node with its data under ./data
	$(BIN) serve --data ./data

.PHONY: demo
demo: build ## The same with a simulated plant attached
	./deploy/demo.sh $(BIN)

## --- testing ----------------------------------------------------------------

.PHONY: test
test: needs check build test-console test-unit test-fuzz test-e2e test-browser ## Install what tests need and run everything
	@echo "all tests passed"

.PHONY: test-go
test-go: check-go test-unit test-fuzz ## What a Go contributor without Node can run

.PHONY: needs
needs: ## Install what the tests need (root, or sudo, or it names the packages)
	@./deploy/needs.sh $(DEBIAN)

.PHONY: check
check: check-go check-cross ## Format, vet, linter, builds for every system

.PHONY: check-go
check-go: $(STATICCHECK)
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$unformatted" ] || { echo "not gofmt'd: $$unformatted"; exit 1; }
	$(GO) vet -tags e2e ./...
	$(STATICCHECK) -tags e2e ./...

.PHONY: check-cross
check-cross:
	for system in windows/amd64 darwin/arm64; do \
		echo "build for $$system"; \
		GOOS=$${system%/*} GOARCH=$${system#*/} $(GO) build -o build/cross/millrace-$${system/\//-} ./cmd/millrace; \
	done
	GOOS=windows $(GO) vet ./...

.PHONY: release
release: console ## Build stripped programs for every system into build/release
	for system in linux/amd64 linux/arm64 windows/amd64 darwin/arm64; do \
		suffix=$$([ $${system%/*} = windows ] && echo .exe || true); \
		GOOS=$${system%/*} GOARCH=$${system#*/} $(GO) build -trimpath -tags console -ldflags '$(LDFLAGS)' \
			-o build/release/millrace-$${system/\//-}$$suffix ./cmd/millrace; \
	done

.PHONY: test-unit
test-unit: ## Unit tests with the race detector
	CGO_ENABLED=1 $(GO) test -race ./...

.PHONY: test-console
test-console: console/node_modules/.package-lock.json
	cd console && npm run --silent check && npm test --silent

.PHONY: test-e2e
test-e2e: build test/clients/node_modules/.package-lock.json ## The real program with real clients
	MILLRACE_TEST_PROGRAM=$(abspath $(BIN)) $(GO) test -tags e2e -count=1 -timeout 15m ./test/e2e

.PHONY: test-browser
test-browser: build test/browser/node_modules/.package-lock.json ## A browser signs in and sees a value move
	cd test/browser && MILLRACE_TEST_PROGRAM=$(abspath $(BIN)) npm test --silent

test/%/node_modules/.package-lock.json: test/%/package.json test/%/package-lock.json
	cd test/$* && npm ci --no-audit --no-fund
	@touch $@

.PHONY: test-fuzz
test-fuzz: ## Fuzz what reads bytes from outside and from disk, two seconds each
	./deploy/fuzz.sh 2s internal/mqtt internal/payload internal/msg internal/stream internal/historian/warm internal/broker internal/config test/conformance

.PHONY: fuzz
fuzz: ## Every fuzz target for FUZZTIME (10 min)
	./deploy/fuzz.sh $(FUZZTIME)

.PHONY: soak
soak: build-go ## The long forms: KILLS (1000), FAULTS, DISKS, SEEDS; the table of docs/guarantees.md (about 15 min)
	KILLS=$(KILLS) FAULTS=$(FAULTS) DISKS=$(DISKS) SEEDS=$(SEEDS) ./deploy/soak.sh $(BIN) docs/guarantees.md

.PHONY: bench
bench: build-go ## This broker beside mosquitto, mochi-mqtt and nats-server: the tables of docs/performance.md (45 min)
	./deploy/bench.sh $(BIN) -duration 3s -rounds 3 -write docs/performance.md
	./deploy/bench.sh $(BIN) -duration 2s -grow -brokers millrace,mosquitto -write docs/performance.md
	./deploy/bench.sh $(BIN) -duration 1s -rounds 3 -durable -shared -write docs/performance.md

.PHONY: bench-durable
bench-durable: build-go ## The table of what is kept for durable sessions, in docs/performance.md (25 min)
	./deploy/bench.sh $(BIN) -duration 1s -rounds 3 -durable -shared -write docs/performance.md

.PHONY: bench-quick
bench-quick: build-go ## The first of these tables with one second a figure, printed only (4 min)
	./deploy/bench.sh $(BIN) -duration 1s

.PHONY: bench-fair
bench-fair: build-go ## What quiet clients feel of floods, over TRANSPORT (auto, portable; root, 3 min)
	TRANSPORT=$(TRANSPORT) ./deploy/fair.sh $(BIN)

.PHONY: bench-recorder
bench-recorder: build-go ## What the flight recorder costs, with and without it in turns (10 min)
	./deploy/recorder.sh $(BIN)

.PHONY: bench-backup
bench-backup: build-go ## What is backed up, verified and restored a second, of 2 GB (6 GB of disk, 2 min)
	./deploy/backup.sh $(BIN)

.PHONY: bench-steps
bench-steps: ## Go benchmarks of every step of a message's way
	$(GO) test -run '^$$' -bench . -benchmem ./internal/...

.PHONY: picture
picture: build test/browser/node_modules/.package-lock.json ## Take the README's picture anew, with the browser test (4 min)
	cd test/browser && MILLRACE_TEST_PROGRAM=$(abspath $(BIN)) MILLRACE_WARM_UP=180 npm test --silent
	mkdir -p docs/images && cp build/shots/overview-wide-light.png docs/images/overview.png

.PHONY: generate
generate: ## Rewrite what is generated from the code: references, OpenAPI, client types
	$(GO) test ./internal/config ./internal/api -run 'Reference|OpenAPI|Generated' -update
	cd console && npm run --silent schema

$(STATICCHECK): tools/go.mod tools/go.sum
	cd tools && $(GO) build -o ../$@ honnef.co/go/tools/cmd/staticcheck

.PHONY: clean
clean: ## Remove what was built (never ./data)
	rm -rf build console/dist
