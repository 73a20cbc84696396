# The static libraries, for the Makefile at the top to include.
#
#   MUSL_CC, MUSL_CFLAGS        compile for init
#   MUSL_LDFLAGS, MUSL_LIBS     link init, in this order after its objects
#   HOST_INIH_CFLAGS, _LIBS     the same libinih for the host's compiler
#   DEPS_STAMP                  depend on it (or, order-only, on its being there)
#   make deps                   fetch and build what is missing or out of date

DEPS_STAMP := build/deps/.stamp

MUSL_CC      := build/deps/musl/bin/musl-gcc
MUSL_CFLAGS  := -fPIE -ffunction-sections -fdata-sections \
                -fno-unwind-tables -fno-asynchronous-unwind-tables
MUSL_LDFLAGS := -static-pie \
                -Wl,--gc-sections,-z,relro,-z,now,-z,noexecstack,--build-id=none
MUSL_LIBS    := -lcryptsetup -ldevmapper -luuid -ljson-c -ltss2-esys \
                -ltss2-tctildr -ltss2-sys -ltss2-rc \
                -ltss2-mu -lkmod -linih -lcrypto

HOST_INIH_CFLAGS := -isystem build/deps/host/include
HOST_INIH_LIBS   := build/deps/host/lib/libinih.a

.PHONY: deps .deps-always
deps: $(DEPS_STAMP) ## fetch, check and build the static libraries

# deps/build compares contents, not times, so it is always asked.
$(DEPS_STAMP): .deps-always
	@stale=$$(deps/build --stale) && \
	if [ -n "$$stale" ] || [ ! -e $@ ]; then \
		deps/fetch $$stale && deps/build; fi

# The first target of the Makefile that includes this stays the default.
.DEFAULT_GOAL :=
