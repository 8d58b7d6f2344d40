# Every target works on every module of the repository.
MODULES := $(shell find . -name go.mod -not -path './.git/*' -not -path '*/testdata/*' | xargs -n1 dirname | sort)
CODE := $(filter-out ./tools,$(MODULES))
FUZZTIME ?= 60s

.PHONY: all fmt lint test bench fuzz examples vuln integration
all: lint test

fmt:
	gofmt -w .

# gofmt, go vet, and staticcheck at the version that tools/go.mod pins.
lint:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "not formatted:"; echo "$$unformatted"; exit 1; fi
	@set -e; root=$$(pwd); cd tools && go build -o "$$root/.bin/staticcheck" honnef.co/go/tools/cmd/staticcheck; cd "$$root"; \
	for m in $(CODE); do echo "lint $$m"; (cd $$m && go vet ./... && "$$root/.bin/staticcheck" ./...); done

test:
	@set -e; for m in $(CODE); do echo "test $$m"; (cd $$m && go test -race -shuffle=on ./...); done

# Builds and runs every example; each ends by itself.
examples:
	@./scripts/examples.sh

bench:
	@set -e; for m in $(CODE); do (cd $$m && go test -run '^$$' -bench . -benchmem ./...); done

# Runs every fuzz target for FUZZTIME.
fuzz:
	@./scripts/fuzz.sh $(FUZZTIME)

# Asks the Go vulnerability database, where it can be reached.
vuln:
	@./scripts/vuln.sh

# Installs the servers that the integration tests talk to and runs those tests.
integration:
	@./scripts/integration.sh
