# Every target is at most three lines; what is longer is a program or a test.
LINT = go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME ?= 1m
# Fuzzing by Go 1.26 now and then ends a target's time as a failure, "context
# deadline exceeded", though no input failed: golang.org/issue/75804. Without a
# network, FUZZGO=local.
FUZZGO ?= go1.27.2

.PHONY: build run demo test race fuzz bench lint fmt sample up down

build:
	go build -trimpath -o bin/contactd ./cmd/contactd

run: build
	@exec ./bin/contactd run

demo: build
	@go run ./cmd/contactsim demo --contactd ./bin/contactd

test:
	@go run ./deploy/servers/up up || { echo "make test: a real server could not be started, so the tests that need it are skipped" && [ "$$CI" != true ]; }
	go test -timeout 60m ./...

race:
	go test -race -timeout 90m ./...

fuzz:
	@grep -rHo --include=*_test.go '^func Fuzz[A-Za-z0-9_]*' . | sort | while IFS=: read -r file name; do \
	GOTOOLCHAIN=$(FUZZGO) go test "$${file%/*}" -run '^$$' -fuzz "^$${name#func }$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 2s || exit 1; done

bench:
	go test -run '^$$' -bench . -benchmem ./...

lint:
	$(LINT) run ./...

fmt:
	$(LINT) fmt ./...

sample: build
	./bin/contactd sample > deploy/contactd.yaml

up:
	go run ./deploy/servers/up up

down:
	go run ./deploy/servers/up down
