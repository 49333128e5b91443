# Installing what is missing: Debian packages from tools/packages.txt, with root or sudo.
PACKAGES := $(shell sed -n 's/^\([a-z0-9][^ ]*\) .*/\1/p' tools/packages.txt)

deps: $(BUILD)/deps.stamp ## install the Debian packages that are missing (root or sudo)
$(BUILD)/deps.stamp: tools/packages.txt tools/install-packages
	@mkdir -p $(@D)
	tools/install-packages $(PACKAGES)
	@touch $@
.PHONY: deps
