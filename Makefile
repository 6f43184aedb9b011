# make          what there is to make
# Everything runs with CGO_ENABLED=0: Girih is pure Go, and LLVM and CUDA are loaded at run time.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
MAKEFLAGS += --no-print-directory
export CGO_ENABLED := 0

GO       ?= go
FUZZTIME ?= 1m
# In CI a missing LLVM, C compiler or ptxas fails the tests that need it; elsewhere those tests skip and say why.
ifdef CI
export GIRIH_REQUIRE ?= llvm,cc,ptxas
endif

# The folders of the modules nested in this one. tools/ only pins versions and has no packages.
NESTED = $$(git ls-files '*/go.mod' | grep -v -e '^tools/' -e '/testdata/' | xargs -r -n1 dirname)

.PHONY: help build deps vet long race test test-short lint fuzz docs clean
help:
	@echo 'make build    the girih command, as ./girih'
	echo 'make test     install what is missing (LLVM, a C compiler, ptxas), then vet and test everything'
	echo 'make long     what takes minutes: 10000 compilations in one process'
	echo 'make race     the library under the race detector (needs a C compiler)'
	echo 'make lint     gofmt, go vet, staticcheck'
	echo 'make fuzz     every fuzz target for $(FUZZTIME) (FUZZTIME=10s make fuzz)'
	echo 'make docs     regenerate the generated documents and sources'
	echo 'make clean    remove what make made'

build:
	$(GO) build -o girih ./cmd/girih

deps:
	@bash tools/deps.sh

vet:
	$(GO) vet ./...

test: deps vet
	$(GO) test -timeout 9m ./...
	for dir in $(NESTED); do
		echo "== $$dir"
		(cd "$$dir" && $(GO) vet ./... && $(GO) test -timeout 9m ./...)
	done

# The memory of a process that compiles many thousand kernels (long_test.go).
LONG ?= 10000
long:
	GIRIH_LONG=$(LONG) $(GO) test -timeout 60m -run '^TestLong$$' -v .

# The detector itself is C; the library stays without.
race:
	CGO_ENABLED=1 $(GO) test -race . ./runtime/cache ./runtime/cuda ./internal/testrun

lint: .tools/bin/staticcheck vet
	@bad=$$(git ls-files -co --exclude-standard '*.go' | xargs -r gofmt -l)
	if [ -n "$$bad" ]; then
		echo "not formatted (gofmt -w them):"; echo "$$bad"
		exit 1
	fi
	.tools/bin/staticcheck ./...

# staticcheck's version is pinned in tools/go.mod.
.tools/bin/staticcheck: tools/go.mod tools/go.sum
	mkdir -p .tools/bin
	cd tools && $(GO) build -o ../.tools/bin/staticcheck honnef.co/go/tools/cmd/staticcheck

fuzz:
	@for pkg in $$($(GO) list ./...); do
		for target in $$($(GO) test -list '^Fuzz' "$$pkg" | grep '^Fuzz' || true); do
			echo "== $$pkg $$target"
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$pkg"
		done
	done

docs:
	$(GO) generate ./...
	$(GO) test ./ir -run ISA -update

clean:
	rm -rf girih .tools dist
