# Every verb of the project; `make` prints them.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

# go.mod names the toolchain; an older Go fetches it.
export GOTOOLCHAIN := auto
export TURBO_TELEMETRY_DISABLED := 1
# scripts/setup.sh puts Node and pnpm there where the machine's own are missing or too old.
export PATH := $(CURDIR)/.cache/tools/bin:$(PATH)

SERVER := apps/proxy-server
BINARY := $(SERVER)/bin/securechat
LINTER_VERSION := v2.15.0

.PHONY: help run build web test test/fleet test-fleet test/integration check check-infra lint fmt generate bench e2e clean tools

help: ## print this list
	@awk -F ':.*## ' '/^[a-z\/0-9-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build everything and open the demo shop: no services, no settings
	exec $(BINARY) serve --demo

build: web ## build widget and server into one static binary, apps/proxy-server/bin/securechat
	cd $(SERVER) && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/securechat ./cmd/securechat

web: tools
	pnpm run build

test: build ## run every check and test, and say what passed, failed or was left out
	scripts/with-postgres.sh scripts/with-redis.sh scripts/test.sh

test/fleet: build ## try several replicas on PostgreSQL and Redis: killed, restarted, cut off
	cd $(SERVER) && ../../scripts/with-postgres.sh ../../scripts/with-redis.sh go test -count=1 -v -run TestFleet ./cmd/securechat

test-fleet: test/fleet

test/integration: build ## try a real n8n: installs one on the first run (ten minutes, 3 GB)
	scripts/test-integration.sh

check: tools ## run what needs no running program: formatting, vet, types, import directions, unused code
	scripts/check.sh

check-infra: build ## check what deploys the server: images, manifests, nginx, backups, workflows
	scripts/with-postgres.sh scripts/check-infra.sh

lint: check ## check, and all of golangci-lint (built on first use: several minutes)
	@# Built by the module's own Go, and anew when that changes: one built by an older Go refuses to read newer code.
	@cd $(SERVER); go=$$(go env GOVERSION); at=$(CURDIR)/.cache/golangci-lint/$(LINTER_VERSION)-$$go; \
	[ -x $$at/golangci-lint ] || GOTOOLCHAIN=$$go+auto GOBIN=$$at \
	  go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINTER_VERSION); \
	echo "$$at/golangci-lint run ./..."; $$at/golangci-lint run ./...

fmt: tools ## format everything
	gofmt -w $(SERVER)/cmd $(SERVER)/internal
	pnpm run format

generate: ## write what is generated anew: docs/deployment/configuration.md and .env.example
	cd $(SERVER) && go test ./internal/config -update

bench: build ## measure what the proxy adds to an upstream called directly
	cd $(SERVER) && ../../scripts/with-postgres.sh ../../scripts/with-redis.sh go run ./cmd/bench

e2e: build ## drive the widget in a real browser
	pnpm --filter tests run e2e

clean: ## remove what was built; the tools in .cache stay
	rm -rf $(SERVER)/bin .turbo apps/*/.turbo packages/*/.turbo tests/.turbo apps/*/dist packages/*/dist coverage
	find $(SERVER)/internal/assets/dist -mindepth 1 ! -name placeholder.txt -delete

tools:
	@scripts/setup.sh
