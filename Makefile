# README.md's commands. Meson does the work: `meson setup build && ninja -C build` is all a build
# needs. Run as root, whatever is built is given back to the owner of the source, so that a later
# `make` of theirs goes on from there.
BUILD ?= build
STAGE ?= $(BUILD)/stage
PYTHON ?= /usr/bin/python3
PYTEST = PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m pytest -q -p no:cacheprovider

# Where it is configured to go; PREFIX=DIR sets it (/usr/local).
prefix = meson introspect $(BUILD) --buildoptions | $(PYTHON) -c 'import json, sys; \
	print(*(o["value"] for o in json.load(sys.stdin) if o["name"] == "prefix"))'

root := $(filter 0,$(shell id -u))
give_back = $(if $(root),chown -R --reference=. $(BUILD))

.PHONY: all run test stage install bench fmt clean deps-build deps-test need-root

all: $(BUILD)/build.ninja
	@$(if $(PREFIX),[ "$(PREFIX)" = "$$($(prefix))" ] || meson configure $(BUILD) --prefix $(PREFIX))
	ninja -C $(BUILD)
	@$(give_back)

$(BUILD)/build.ninja:
	@tools/install-deps build || command -v meson >/dev/null
	meson setup $(BUILD) $(and $(PREFIX),--prefix $(PREFIX))

# A shell of a throw-away agent user, through a throw-away server.
run: need-root deps-build
	$(MAKE) --no-print-directory stage
	tools/demo $(STAGE)

# As an ordinary user the unit tests, as root everything.
ifeq ($(root),0)
test: deps-build deps-test
	$(MAKE) --no-print-directory stage
	meson test -C $(BUILD) --print-errorlogs
	@$(give_back)
	AAAU_PREFIX=$(abspath $(STAGE)) $(PYTEST) tests/integration
else
test: all
	meson test -C $(BUILD) --print-errorlogs
	@echo "The integration tests make users and cgroups: they need root (sudo make test)."
endif

# A tree that runs from where it stands: the programs find each other by place.
stage: all
	rm -rf $(STAGE)
	DESTDIR=$(abspath $(STAGE)) meson install -C $(BUILD) --no-rebuild --quiet
	@$(give_back)

install: all
	meson install -C $(BUILD) --no-rebuild
	@$(give_back)
	@echo "Now: sudo $$($(prefix))/bin/aaau-server init"

bench: need-root deps-build deps-test
	$(MAKE) --no-print-directory stage
	AAAU_PREFIX=$(abspath $(STAGE)) PYTHONDONTWRITEBYTECODE=1 $(PYTHON) tests/bench/bench.py

fmt:
	git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf $(BUILD)

deps-build:
	@tools/install-deps build

deps-test:
	@tools/install-deps test

need-root:
	@$(if $(root),:,echo "This makes users and cgroups of its own: run it as root (sudo make ...)." >&2; exit 1)
