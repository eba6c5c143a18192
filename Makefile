# Every target does its own set-up: they need Go, a C compiler and what .ci/setup
# knows of. What is missing is installed by root with apt, and named otherwise.

STATICCHECK := v0.7.0
TOOLS       := $(CURDIR)/.tools
# Only the client calls C: Vulkan and the window.
PURE        := hearth-server hearth-ctl
FUZZTIME    ?= 30s
# For soak: how long go test may take.
SOAKTIME    ?= 12h

.PHONY: build test demo lint bench soak fuzz fixtures clean setup

build:
	@./.ci/setup go cc vk
	CGO_ENABLED=0 go build -trimpath -o bin/ $(PURE:%=./cmd/%)
	CGO_ENABLED=1 go build -trimpath -o bin/ ./cmd/hearth-client

test: lint build
	go run ./cmd/internal/testrun -race -timeout 20m ./...

demo: build
	@./.ci/setup draw
	@CGO_ENABLED=0 go run ./cmd/internal/demo -bin bin

lint: setup
	@unformatted=$$(gofmt -l .); \
	if [ -n "$$unformatted" ]; then echo "gofmt would change: $$unformatted"; exit 1; fi
	go vet ./...
	@[ "$$($(TOOLS)/staticcheck -version 2>/dev/null | grep -c '$(STATICCHECK:v%=%)')" = 1 ] || \
		GOBIN=$(TOOLS) go install honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK)
	$(TOOLS)/staticcheck ./...

setup:
	@./.ci/setup go cc vk draw vktest termtest fuse node

bench:
	@./.ci/setup go cc vk draw termbench node
	go run ./cmd/internal/bench

soak: setup
	HEARTH_SOAK=1 go run ./cmd/internal/testrun -race -timeout $(SOAKTIME) ./...

# One target at a time, each for FUZZTIME.
fuzz:
	@./.ci/setup go cc vk draw vktest termtest
	@for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package || exit 1; \
		done; \
	done

fixtures:
	@./.ci/setup go
	fixtures/guests/build.sh
	fixtures/space/build.sh

clean:
	rm -rf bin .tools
