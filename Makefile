# The short names of what one does here; `make help` lists them. Each does everything that is
# necessary, so that `make run` and `make test` work on a fresh Debian 12.
.DEFAULT_GOAL := help
.PHONY: help run test bench torture mutants coverage fuzz format lint docs setup clean

export CCACHE_SLOPPINESS := pch_defines,time_macros,include_file_mtime,include_file_ctime

# Seconds that each torture program may take.
BUDGET ?= 60

help:  ## Lists the targets
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile | expand -t 16

setup:  ## Installs what is missing for a build and its tests
	@scripts/setup.sh build test

run:  ## Builds Strata and shows what it does
	@./run

test:  ## Builds and runs every test
	@./test

bench:  ## Builds and runs the benchmarks
	@scripts/setup.sh build bench
	@scripts/build.sh bench
	@scripts/bench.sh

torture:  ## Kills, corrupts, restarts, interleaves for BUDGET seconds per program
	@scripts/setup.sh build test
	@scripts/build.sh dev
	@rm -f build/dev/reliability/*Torture*.json
	@result=0; STRATA_TORTURE_SECONDS=$(BUDGET) ctest --test-dir build/dev -L torture -j 1 \
	  --output-on-failure --no-tests=error --timeout $$(( $(BUDGET) + 120 )) || result=$$?; \
	  python3 -B scripts/reliability_report.py --only torture || result=1; exit $$result

mutants:  ## Breaks the protocol in every known way and shows which test sees it
	@scripts/setup.sh build test
	@scripts/build.sh dev
	@scripts/mutants.sh

coverage:  ## Measures which lines the tests run
	@scripts/setup.sh build test coverage
	@scripts/coverage.sh

fuzz:  ## Runs every fuzz target for a few seconds
	@scripts/setup.sh build test fuzz
	@scripts/build.sh asan strata_fuzz_targets
	@scripts/test.sh fuzz

format:  ## Formats the C++ files
	@scripts/setup.sh lint
	@scripts/lint.sh format

lint:  ## Checks format, names and likely bugs (slow)
	@scripts/setup.sh build test bench lint
	@scripts/lint.sh check

docs:  ## Checks the documents' titles and links
	@python3 scripts/tidy.py --only docs

clean:  ## Removes every build
	@rm -rf build
