# Satchel. `make demo` shows the main job on a fresh machine, `make test` passes the tests; both need only Go and make.
SHELL   := /bin/sh
GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT  ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
LDFLAGS := -s -w -buildid= -X satchel/internal/about.Version=$(VERSION) -X satchel/internal/about.Commit=$(COMMIT)

# The race detector needs a C compiler; without one the tests run without it, and say so.
CC_FOUND   := $(shell command -v $${CC:-cc} 2>/dev/null)
CONCURRENT := ./storage ./engine/... ./exports ./auth ./web/...

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0

.PHONY: build demo tools test test-hard race vet lint torture bench bench-short bench-against generate reference release release-short release-once release-tools clean help

build: ## bin/satchel for this machine, without cgo
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "$(LDFLAGS)" -o bin/satchel .

demo: build ## a synthetic practice: imported, exported, checked; into ./demo-practice
	bin/satchel demo

tools: ## the judges that the tests ask: Chromium, age, bagit, axe-core and others; those of the system only as root on Debian or Ubuntu
	testdata/tools/setup.sh

test: vet ## every test, and those of the concurrent packages once more, shortened, with the race detector
	@testdata/tools/setup.sh || echo "tests that ask what is missing are skipped"
	$(GO) test -timeout 15m ./...
ifneq ($(CC_FOUND),)
	$(GO) test -race -short -timeout 15m $(CONCURRENT)
else
	@echo "no C compiler found: the tests did not run with the race detector"
endif

test-hard: ## the whole suite ten times shuffled, and once each on a busy machine, at strange times and places, as a stranger: testdata/hard/run.sh; LEGS="..." COUNT=n
	testdata/hard/run.sh $(LEGS)

race: ## every test with the race detector, which takes some four times as long
	$(GO) test -race -timeout 60m ./...

vet: ## go vet for both systems
	$(GO) vet ./...
	GOOS=windows $(GO) vet ./...

lint: ## formatting, staticcheck, known vulnerabilities (where the database can be reached)
	@bad=$$(gofmt -l .); test -z "$$bad" || { echo "not formatted: $$bad"; exit 1; }
	@need=$$(awk '$$1=="modernc.org/libc"{print $$2}' "$$($(GO) list -m -f '{{.Dir}}' modernc.org/sqlite)/go.mod"); \
	 have=$$($(GO) list -m -f '{{.Version}}' modernc.org/libc); \
	 test "$$need" = "$$have" || { echo "modernc.org/libc is $$have, but modernc.org/sqlite needs exactly $$need"; exit 1; }
	GOBIN=$(CURDIR)/bin/tools $(GO) install $(STATICCHECK)
	bin/tools/staticcheck ./...
	GOBIN=$(CURDIR)/bin/tools $(GO) install $(GOVULNCHECK)
	@bin/tools/govulncheck ./... || { rc=$$?; test $$rc -ne 3 || exit 3; echo "govulncheck: its database cannot be reached from here; skipped"; }

torture: build ## SIGKILL at random moments of imports, exports and handovers; N=20 rounds of each
	SATCHEL_TORTURE=$${N:-20} $(GO) test -count=1 -timeout 60m -run 'TestTorture' -v ./torture

bench: build ## 100,000 and 1,000,000 resources; prints a table and writes bench/result.json
	$(GO) run ./bench -satchel bin/satchel -sizes 100000,1000000 -json bench/result.json

bench-short: build ## the same with few resources, to see that it runs
	$(GO) run ./bench -satchel bin/satchel -sizes 5000,20000

bench-against: build ## the commands of bin/satchel and of OTHER=binary in turns, and the ratio of their costs
	$(GO) run ./bench -satchel bin/satchel -against $(OTHER) -sizes 20000 -rounds 15

generate: ## derive fhir's tables from HL7's definitions again (DEFINITIONS=folder of the unpacked npm package)
	$(GO) run ./fhir/internal/generate -from "$(DEFINITIONS)"

reference: ## docs/reference.md, docs/man and config.toml.example from the program itself, after a change of commands, settings, permissions or addresses
	$(GO) test -count=1 -run '^TestReference$$' ./cli -update

NFPM      := github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.0
CYCLONEDX := github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0
EPOCH     ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
TARGETS   ?= linux/amd64,linux/arm64,windows/amd64,windows/arm64
RELEASE    = $(GO) run ./packaging/internal/release -version "$(VERSION)" -commit "$(COMMIT)" -epoch "$(EPOCH)" -targets "$(TARGETS)" -tools "$(CURDIR)/bin/tools"

release: release-tools ## dist/: archives, .deb, SBOM, licences and SHA256SUMS for linux and windows, built twice and compared
	$(RELEASE) -out dist
	packaging/same-twice dist $(RELEASE)

release-short: release-tools ## the same for linux/amd64 alone, built once; what Debian's own tools say of the package
	$(MAKE) TARGETS=linux/amd64 release-once
	packaging/deb/check dist/*.deb

release-once:
	$(RELEASE) -out dist

release-tools:
	@test -x bin/tools/nfpm || GOBIN=$(CURDIR)/bin/tools $(GO) install $(NFPM)
	@test -x bin/tools/cyclonedx-gomod || GOBIN=$(CURDIR)/bin/tools $(GO) install $(CYCLONEDX)

clean:
	rm -rf bin dist

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "%-12s %s\n", $$1, $$2}' Makefile
