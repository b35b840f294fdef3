# Everything a contributor or a newcomer runs. `make help` lists it.

GO       ?= go
FUZZTIME ?= 60s
PYTHON   ?= python3
NODE     ?= node
BIN      := bin/touchstone
EVERY    ?= 5
TRAIN_PYTHON ?= .cache/train/bin/python
# cgo runs the encoders; names and users are still looked up by Go. The same flags as
# deploy/Dockerfile, so that both share the build cache.
BUILD    := CGO_ENABLED=1 $(GO) build -trimpath -tags netgo,osusergo -ldflags="-s -w"
CLIENTS  := internal/e2e

.DEFAULT_GOAL := help
.PHONY: help run build test check test-clients test-browser test-opa test-crash fuzz fuzz-short bench bench-store bench-replay eval-docs eval-ablation cover deps encoder-lib fit train clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  \033[1m%-13s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build library ## start the demo: a proxy, sample documents and a stand-in for an LLM
	./$(BIN) demo

build: ## build bin/touchstone
	$(BUILD) -o $(BIN) ./cmd/touchstone

test: check ## all tests of this repository, Rego rules included, with the race detector
	@packages=./...; $(MAKE) --no-print-directory encoder-lib || { \
	  echo "test: without pip or Maven the encoders' native library is not here, so internal/encoder and internal/app were NOT tested" >&2; \
	  if [ -n "$$CI" ]; then exit 1; fi; packages=$$($(GO) list ./... | grep -v -e internal/encoder$$ -e internal/app$$); }; \
	echo $(GO) test -race -timeout 15m $$packages; $(GO) test -race -timeout 15m $$packages

check: ## vet and formatting
	$(GO) vet ./...
	$(GO) vet -tags clients,browser ./$(CLIENTS) ./proxy
	@bad=$$(gofmt -l .); if [ -n "$$bad" ]; then echo "not formatted (run gofmt -w): $$bad"; exit 1; fi

test-clients: build ## the official Python and Node OpenAI clients against the real binary
	@for tool in $(PYTHON) $(NODE) npm; do command -v $$tool >/dev/null && continue; \
	  echo "test-clients: $$tool is not installed, so the official clients were NOT tested" >&2; \
	  if [ -n "$$CI" ]; then exit 1; else exit 0; fi; done; \
	set -e; mkdir -p .cache; \
	if ! cmp -s $(CLIENTS)/requirements.txt .cache/venv/requirements.txt; then \
	  rm -rf .cache/venv && $(PYTHON) -m venv .cache/venv && \
	  .cache/venv/bin/pip install --quiet --disable-pip-version-check -r $(CLIENTS)/requirements.txt && \
	  cp $(CLIENTS)/requirements.txt .cache/venv/requirements.txt; fi; \
	if ! cmp -s $(CLIENTS)/package-lock.json .cache/node/package-lock.json; then \
	  mkdir -p .cache/node && cp $(CLIENTS)/package.json $(CLIENTS)/package-lock.json .cache/node/ && \
	  npm ci --prefix .cache/node --silent --no-audit --no-fund || { rm -f .cache/node/package-lock.json; exit 1; }; fi; \
	PYTHON=$(CURDIR)/.cache/venv/bin/python NODE=$(NODE) CLIENT=$(CURDIR)/.cache/node \
	  $(GO) test -tags clients -run OfficialClients -count=1 -v -timeout 5m ./$(CLIENTS)

test-browser: ## the dashboard in a real Chromium (CHROMIUM names the program)
	$(GO) test -tags browser -run InABrowser -count=1 ./proxy

test-crash: ## kill -9 the program, and the database, a hundred times while they write and ingest, on both stores
	TOUCHSTONE_KILLS=100 $(GO) test -count=1 -timeout 30m -run 'Kill' -v ./groundtruth ./groundtruth/postgres

OPA := github.com/open-policy-agent/opa@$(shell $(GO) list -m -f '{{.Version}}' github.com/open-policy-agent/opa)

test-opa: build ## stock OPA, without our binary, on the shipped bundle: tests, strict check against schema and capabilities, format
	@set -e; out=$$(mktemp -d); trap 'rm -rf $$out' EXIT; ./$(BIN) policy init $$out/policies >/dev/null; \
	GOBIN=$$out GOFLAGS=-mod=mod $(GO) install $(OPA); cd $$out/policies; \
	../opa test . | tail -1; ../opa test --bundle . | tail -1; \
	../opa check --strict --schema schemas/input.json --ignore watch --capabilities capabilities.json .; \
	../opa check --strict --schema schemas --capabilities capabilities.json .; \
	unformatted=$$(../opa fmt --list .); test -z "$$unformatted" || { echo "test-opa: opa fmt would change $$unformatted"; exit 1; }; \
	../opa build --bundle . --output ../bundle.tar.gz; $(CURDIR)/$(BIN) policy check -policies ../bundle.tar.gz | tail -1

fuzz: ## every fuzz target for a minute (FUZZTIME=60s)
	@set -e; for dir in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
	  for name in $$(grep -ho '^func Fuzz[A-Za-z0-9]*' $$dir/*_test.go | cut -c6-); do \
	    echo "== $$dir $$name"; $(GO) test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) $$dir; done; done

fuzz-short: ## every fuzz target for five seconds, as CI does
	@$(MAKE) --no-print-directory fuzz FUZZTIME=5s

bench: ## what Touchstone costs, against the plainest Go reverse proxy in the same run
	$(GO) run ./internal/bench

bench-replay: ## record 100,000 exchanges and replay them against a bundle
	$(GO) test ./internal/review -run '^$$' -bench Replay -benchtime 1x

bench-store: ## the stores at 100,000 passages: loading, p50 and p99 of searches, recall (STORE_ARGS='-n 10000')
	$(GO) run ./internal/bench/stores $(STORE_ARGS)

eval-docs: build ## the tables of docs/evaluation-authored.md; with PUBLIC='FILE...' those of evaluation-public.md too
	@set -e; mkdir -p .cache; page() { out=$$1; title=$$2; shift 2; \
	  { printf '# %s\n\nWritten by `make eval-docs`; docs/evaluation.md explains the figures.\n\n' "$$title"; \
	    ./$(BIN) eval run -o markdown "$$@"; } > .cache/eval.md; mv .cache/eval.md $$out; }; \
	page docs/evaluation-authored.md 'Verdicts on the authored rows' eval/data/authored/*.jsonl; \
	if [ -n "$(PUBLIC)" ]; then page docs/evaluation-public.md 'Verdicts on public sets' $(PUBLIC); fi

eval-ablation: build library ## docs/evaluation-ablation.md: each part of the verifier against both, on every EVERY=5th passage of the authored rows
	@set -e; dir=.cache/ablation; rm -rf $$dir; mkdir -p $$dir; \
	for f in eval/data/authored/*.jsonl; do awk 'NR % $(EVERY) == 0' $$f > $$dir/$$(basename $$f); done; \
	for part in deterministic encoder both; do echo "== $$part" >&2; \
	  ./$(BIN) eval run -verifier $$part -predictions $$dir/$$part.predictions -o json $$dir/*.jsonl > $$dir/$$part.json; done; \
	{ printf '# What each part of the verifier adds\n\nWritten by `make eval-ablation` on every %sth passage of the authored rows. Some of them were seen in training and in\nfitting; [evaluation](evaluation.md) says which.\n' '$(EVERY)'; \
	  for part in deterministic encoder; do printf '\n## From %s alone to both\n\n' $$part; \
	    ./$(BIN) eval compare -data "$$dir/*.jsonl" -o markdown $$dir/$$part.predictions $$dir/both.predictions; done; } > $$dir/page.md; \
	mv $$dir/page.md docs/evaluation-ablation.md

cover: ## test coverage by package, and coverage.html in .cache
	@mkdir -p .cache
	$(GO) test -coverprofile=.cache/coverage.out -coverpkg=./... ./... | grep -v 'no test files'
	@$(GO) tool cover -func=.cache/coverage.out | tail -1
	@$(GO) tool cover -html=.cache/coverage.out -o .cache/coverage.html

.PHONY: library
library: # what runs without it too
	@$(MAKE) --no-print-directory encoder-lib || echo "Without the native library the program runs on exact comparison alone (docs/encoder.md)." >&2

encoder-lib: ## fetch the native library of ONNX Runtime, once, by pip or Maven, into the user's cache folder
	@$(GO) run ./internal/encoder/fetch

bench-encoder: encoder-lib ## the encoder against ONNX Runtime called from Python: same model, same batches
	@set -e; cd internal/encoder/testdata; venv=$(CURDIR)/.cache/encoder; model=$(CURDIR)/.cache/models/minilm-l6-embed; \
	if ! cmp -s requirements.txt $$venv/requirements.txt; then \
	  rm -rf $$venv && $(PYTHON) -m venv $$venv && \
	  $$venv/bin/pip install --quiet --disable-pip-version-check -r requirements.txt && cp requirements.txt $$venv/; fi; \
	test -f $$model/labels.json || $$venv/bin/python $(CURDIR)/eval/train/embedder.py -o $$model; \
	cd ..; TOUCHSTONE_BENCH_OUT=$$venv/go.json $(GO) test -run '^$$' -bench 'Run|Answer|Open|Cached|Tokenizer' . ; \
	$$venv/bin/python testdata/bench.py $$model $$venv/go.json

deps: ## direct dependencies and the updates there are
	@$(GO) list -m -u -f '{{if not (or .Indirect .Main)}}{{.Path}} {{.Version}}{{with .Update}} -> {{.Version}}{{end}}{{end}}' all

clean: ## remove what was built, downloaded or written by the demo
	rm -rf bin .cache data

fit: encoder-lib ## fit the score that joins exact comparison and the model, three minutes (DATA=folder with groundedness, authored)
	@test -d "$(DATA)/groundedness" || { echo 'fit: DATA=DIR names no folder with the data sets (see eval/train/README.md)' >&2; exit 1; }
	@$(MAKE) --no-print-directory train-env
	PYTHON=$(TRAIN_PYTHON) eval/train/joined.sh "$(DATA)"

.PHONY: train-env
train-env:
	@set -e; test -x "$(TRAIN_PYTHON)" && [ "$(TRAIN_PYTHON)" != .cache/train/bin/python ] && exit 0; mkdir -p .cache; \
	if ! cmp -s eval/train/requirements.txt .cache/train/requirements.txt; then \
	  rm -rf .cache/train && $(PYTHON) -m venv .cache/train && \
	  .cache/train/bin/pip install --quiet --no-cache-dir --disable-pip-version-check -r eval/train/requirements.txt && \
	  cp eval/train/requirements.txt .cache/train/requirements.txt; fi

train: ## train the verifier's model on CPU, about two hours on two quiet cores (DATA=folder with nli, groundedness, authored)
	@test -d "$(DATA)/nli" || { echo 'train: DATA=DIR names no folder with the data sets (see eval/train/README.md)' >&2; exit 1; }
	@$(MAKE) --no-print-directory train-env
	PYTHON=$(TRAIN_PYTHON) eval/train/run.sh "$(DATA)"
