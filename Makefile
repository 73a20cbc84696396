# SPDX-License-Identifier: MIT
# cvm-init: the first program in a confidential VM.
# `make help` lists the targets; every output is below build/.

O        := build
OUT      := $(O)/out
DESTDIR  ?=
PREFIX   ?= /usr
V        ?= 0
Q        := $(if $(filter 0,$(V)),@)
HOSTCC   ?= gcc
VERSION  := 0.1.0

include deps/deps.mk

WARN := -Wall -Wextra -Werror -Wshadow -Wconversion -Wsign-conversion \
        -Wcast-qual -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes \
        -Wformat=2 -Wimplicit-fallthrough -Wvla -Wundef
BASE := -std=gnu11 -D_GNU_SOURCE -DCVM_VERSION='"$(VERSION)"' -I. $(WARN) \
        -fstack-protector-strong -ffile-prefix-map=$(CURDIR)=. -MMD -MP

SHARED := $(wildcard lib/*.c config/*.c verity/*.c seal/*/*.c ima-policy/*.c evidence/*/*.c)
INIT   := $(wildcard init/*.c)
CVMCTL := $(wildcard cvmctl/*.c cvmctl/*/*.c)
TESTS  := $(wildcard tests/test_*.c)
MAN    := $(wildcard docs/*.[1-8])

# init: static-pie, musl, size first
INIT_OBJ   := $(patsubst %.c,$(O)/init/%.o,$(SHARED) $(INIT))
INIT_FLAGS := $(BASE) $(MUSL_CFLAGS) -Os
INIT_LINK  := $(MUSL_LDFLAGS) -s
# with -Os the compiler leaves out that data is fetched ahead of the hash
$(O)/init/seal/measure/hash-window.o: INIT_FLAGS += -O2

# cvmctl: the host's own libraries, except libinih (see deps/build)
HOST_PKGS   := libcryptsetup devmapper tss2-esys tss2-mu tss2-rc tss2-tctildr \
               libcrypto json-c uuid libkmod libzstd
CVMCTL_OBJ  := $(patsubst %.c,$(O)/cvmctl/%.o,$(SHARED) $(CVMCTL))
HOST_FLAGS  := $(BASE) -DCVM_HOST $(HOST_INIH_CFLAGS) -O2 -D_FORTIFY_SOURCE=2 -fPIE
HOST_LIBS    = $(shell pkg-config --libs $(HOST_PKGS)) $(HOST_INIH_LIBS)

# tests: everything but the two mains, under ASan and UBSan
SAN         := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
               -fno-omit-frame-pointer -DCVM_TESTING
CHECK_SRC   := $(SHARED) $(filter-out %/main.c,$(INIT) $(CVMCTL))
CHECK_OBJ   := $(patsubst %.c,$(O)/check/%.o,$(CHECK_SRC))
CHECK_BIN   := $(patsubst tests/%.c,$(O)/check/%,$(TESTS))
CHECK_FLAGS := $(BASE) -DCVM_HOST $(HOST_INIH_CFLAGS) $(SAN)

# make fuzz: the same code with clang's coverage
FUZZ_SRC    := $(CHECK_SRC) $(wildcard tests/fuzz/*.c)
FUZZ_OBJ    := $(patsubst %.c,$(O)/fuzz/%.o,$(FUZZ_SRC))

.PHONY: all init cvmctl unit lint fuzz check demo size bench sbom install clean help
.SECONDARY:
.DELETE_ON_ERROR:

all: $(OUT)/init $(OUT)/cvmctl $(addprefix $(OUT)/man/,$(notdir $(MAN))) ## init, cvmctl and the manual pages in build/out
init: $(OUT)/init ## the static init alone
cvmctl: $(OUT)/cvmctl ## the host command alone

$(OUT)/init: $(INIT_OBJ) $(DEPS_STAMP)
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	$(Q)$(MUSL_CC) $(INIT_LINK) -o $@.tmp $(INIT_OBJ) $(MUSL_LIBS)
	$(Q)deps/check-elf $@.tmp && mv $@.tmp $@

$(OUT)/cvmctl: $(CVMCTL_OBJ) $(DEPS_STAMP)
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	$(Q)$(HOSTCC) -pie -Wl,-z,relro,-z,now -o $@ $(CVMCTL_OBJ) $(HOST_LIBS)

# make bench: what measures, in a program of its own for the VM and the host
$(O)/bench/guest-hash: $(O)/init/tests/bench-hash.o $(filter-out $(O)/init/init/%,$(INIT_OBJ))
	@mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(INIT_LINK) -o $@ $^ $(MUSL_LIBS)

$(O)/bench/hash: $(O)/cvmctl/tests/bench-hash.o $(filter-out $(O)/cvmctl/cvmctl/%,$(CVMCTL_OBJ))
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -pie -o $@ $^ $(HOST_LIBS)

$(OUT)/man/%: docs/%
	@mkdir -p $(@D)
	$(Q)cp $< $@

$(O)/init/%.o: %.c Makefile | $(DEPS_STAMP)
	@mkdir -p $(@D)
	@echo "  MUSL-CC $<"
	$(Q)$(MUSL_CC) $(INIT_FLAGS) -c -o $@ $<

$(O)/cvmctl/%.o: %.c Makefile | $(DEPS_STAMP)
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(HOSTCC) $(HOST_FLAGS) -c -o $@ $<

$(O)/check/%.o: %.c Makefile | $(DEPS_STAMP)
	@mkdir -p $(@D)
	@echo "  SAN-CC  $<"
	$(Q)$(HOSTCC) $(CHECK_FLAGS) -c -o $@ $<

$(O)/check/libcvm.a: $(CHECK_OBJ)
	$(Q)rm -f $@ && ar rcs $@ $(CHECK_OBJ)

$(O)/check/test_%: $(O)/check/tests/test_%.o $(O)/check/tests/table.o $(O)/check/libcvm.a
	@echo "  LINK    $@"
	$(Q)$(HOSTCC) $(SAN) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(HOST_LIBS) -lcmocka

$(O)/check/test_corpus: $(patsubst %.c,$(O)/check/%.o,$(filter-out %/main.c,$(wildcard tests/fuzz/*.c)))

$(O)/fuzz/%.o: %.c Makefile | $(DEPS_STAMP)
	@mkdir -p $(@D)
	$(Q)clang $(CHECK_FLAGS) -fsanitize=fuzzer-no-link -c -o $@ $<

$(O)/fuzz/fuzz: $(FUZZ_OBJ)
	@echo "  LINK    $@"
	$(Q)clang $(SAN) -fsanitize=fuzzer -o $@ $^ $(HOST_LIBS)

unit: $(CHECK_BIN) ## unit tests, seconds, no root, no TPM
	$(Q)tests/run $(CHECK_BIN)

lint: | $(DEPS_STAMP) ## format, static analysis, budgets, manual pages
	$(Q)tests/lint

fuzz: $(O)/fuzz/fuzz ## every parser for FUZZ_SECONDS=20, beginning with tests/corpus
	$(Q)tests/fuzz/run $<

check: ## lint, unit tests, then the QEMU scenarios
	$(Q)qemu-test/setup check
	$(Q)$(MAKE) --no-print-directory all lint unit size
	$(Q)qemu-test/check

demo: ## build, seal and boot a Debian service three times
	$(Q)qemu-test/setup demo
	$(Q)$(MAKE) --no-print-directory all
	$(Q)qemu-test/demo

size: $(OUT)/init ## sizes of init and of the initramfs, against their limits
	$(Q)tests/size

bench: all $(O)/bench/hash $(O)/bench/guest-hash ## how fast the content is hashed; a boot, per stage
	$(Q)qemu-test/bench

sbom: ## name, version, licence and hash of every static library
	$(Q)deps/sbom

install: all ## to DESTDIR, where Debian would put them
	install -Dm755 $(OUT)/init $(DESTDIR)$(PREFIX)/lib/cvm-init/init
	install -Dm755 $(OUT)/cvmctl $(DESTDIR)$(PREFIX)/bin/cvmctl
	install -Dm644 cvmctl/completion.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/cvmctl
	install -Dm644 cvmctl/cvm-broker.service $(DESTDIR)$(PREFIX)/lib/systemd/system/cvm-broker.service
	install -Dm644 cvmctl/cvm-broker.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/cvm-broker.conf
	for page in $(MAN); do install -Dm644 $$page \
	  $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done
	# sysvinit-core has an init(8), too: ours is "man 8cvm init"
	mv $(DESTDIR)$(PREFIX)/share/man/man8/init.8 $(DESTDIR)$(PREFIX)/share/man/man8/init.8cvm
	install -Dm644 -t $(DESTDIR)$(PREFIX)/share/doc/cvm-init $(wildcard docs/*.md docs/*.json) ima-policy/default.policy

clean: ## everything but downloads, libraries, kernels and roots
	rm -rf $(OUT) $(O)/init $(O)/cvmctl $(O)/check

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

-include $(wildcard $(foreach o,init cvmctl check fuzz,$(O)/$o/*/*.d $(O)/$o/*/*/*.d))
