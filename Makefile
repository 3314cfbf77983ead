# The few commands of README.md. Meson does the work; `meson setup build` is all that it needs.
BUILD ?= build
STAGE ?= $(BUILD)/stage
PREFIX ?= /usr/local

.PHONY: all stage install clean

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	meson setup $(BUILD) --prefix $(PREFIX)

# A tree that runs from where it stands: the programs find each other by place.
stage: all
	DESTDIR=$(abspath $(STAGE)) meson install -C $(BUILD) --no-rebuild --quiet

install: all
	meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf $(BUILD)
