# Every target works on every module of the repository.
MODULES := $(shell find . -name go.mod -not -path './.git/*' -not -path '*/testdata/*' | xargs -n1 dirname | sort)
FUZZTIME ?= 60s

.PHONY: all fmt lint test coverage mutate bench fuzz examples vuln integration
all: lint test

fmt:
	gofmt -w .

# gofmt, go vet, and staticcheck at the version that tools/go.mod pins.
lint:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "not formatted:"; echo "$$unformatted"; exit 1; fi
	@set -e; root=$$(pwd); cd tools && go build -o "$$root/.bin/staticcheck" honnef.co/go/tools/cmd/staticcheck; cd "$$root"; \
	for m in $(MODULES); do echo "lint $$m"; (cd $$m && go vet ./... && "$$root/.bin/staticcheck" ./...); done

test:
	@set -e; for m in $(MODULES); do echo "test $$m"; (cd $$m && go test -race -shuffle=on ./...); done

# Prints how much of the core module its tests run and what they do not, and
# fails below 95 %.
coverage:
	@./scripts/coverage.sh

# Puts each condition of the rules of redirects, origins, cookies and proxies
# wrong, one at a time; a test must fail. It takes about half an hour. MUTATE
# narrows it: '-only REGEXP', '-v', '-workers 2'.
mutate:
	@GOWORK=off nice -n 15 go -C tools run ./mutate $(MUTATE)

# Builds and runs every example and compares what it prints with what is
# expected of it.
examples:
	@./scripts/examples.sh

# Measures the session beside net/http by hand and its peers and prints one
# table. BENCHCOUNT runs follow one another, so that each compares like with
# like; small work lasts BENCHTIME per run and client, large work (64 MiB) a
# fixed number of times. What was measured stays in bench/latest.out, for
# benchstat (bench/README.md).
BENCHCOUNT ?= 10
BENCHTIME ?= 100ms
bench:
	@cd bench && go test -c -o bench.test . && go build -o table.out ./table
	@cd bench && rm -f latest.out; for i in $$(seq $(BENCHCOUNT)); do \
		echo "run $$i of $(BENCHCOUNT)" >&2; \
		./bench.test -test.run '^$$' -test.bench '/row' -test.benchtime $(BENCHTIME) -test.timeout 30m >> latest.out || exit 1; \
	done
	@cd bench && ./table.out < latest.out

# Runs every fuzz target for FUZZTIME.
fuzz:
	@./scripts/fuzz.sh $(FUZZTIME)

# Asks the Go vulnerability database, where it can be reached.
vuln:
	@./scripts/vuln.sh

# Installs the servers that the integration tests talk to and runs those tests.
integration:
	@./scripts/integration.sh
