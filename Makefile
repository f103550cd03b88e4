# Retwine. `make demo` runs the main job, `make test` the tests; each installs what it lacks.
# Targets: all demo test bench fuzz install deps clean, check-… (long ones, see README).
# A directory's sources are found by wildcard; who may include whom is in tools/includes.txt.

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

B      := build
CLANG  := clang-19
GCC    := gcc
AR     := llvm-ar-19
PREFIX := /usr/local
DESTDIR :=

WARN := -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wundef -Wvla -Wstrict-prototypes \
	-Wmissing-prototypes -Wcast-qual -Wcast-align -Wwrite-strings -Wpointer-arith \
	-Wimplicit-fallthrough -Wformat=2 -Wframe-larger-than=4096 -Werror
LANGUAGE := -std=c17 -fno-strict-aliasing -fno-delete-null-pointer-checks -fno-common \
	-ffp-contract=off -ffile-prefix-map=$(CURDIR)/=

# ---- sources ---------------------------------------------------------------------------------
# Libraries that know neither enclave nor host process: they build inside and outside.
PLAIN  := base crypto sgx launch hostcall wasm interp wasi program
PLAIN_C := $(foreach d,$(PLAIN),$(wildcard $(d)/*.c))
# sgx/host_*.c signs and opens images: outside only.
IMAGE_C := $(filter-out sgx/host_%.c,$(PLAIN_C)) $(wildcard platform/*.c enclave/*.c)
IMAGE_S := $(wildcard enclave/*.S)
HOST_C := $(filter-out hostcall/%.c wasi/%.c program/%.c interp/%.c,$(PLAIN_C)) \
	$(wildcard host/*.c)
HOST_S := $(wildcard host/*.S)
CLI_C  := $(wildcard cli/*.c)

# ---- the enclave image -----------------------------------------------------------------------
IMAGE_FLAGS := $(LANGUAGE) $(WARN) -O2 -g1 --target=x86_64-linux-gnu -march=x86-64-v3 -mno-red-zone \
	-ffreestanding -fno-builtin-printf -fPIE -fvisibility=hidden -fstack-protector-strong \
	-ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr -fno-asynchronous-unwind-tables \
	-fcf-protection=none -mllvm -enable-gvn-hoist=0 -I. -isystem enclave/libc
IMAGE_LINK := --pie -static --no-dynamic-linker -z text -z noexecstack -z separate-code \
	-z max-page-size=4096 --gc-sections --build-id=none --hash-style=gnu -T enclave/image.lds

$(B)/image/%.o: %.c
	@mkdir -p $(@D)
	$(CLANG) $(IMAGE_FLAGS) -MMD -c $< -o $@
$(B)/image/%.o: %.S
	@mkdir -p $(@D)
	$(CLANG) --target=x86_64-linux-gnu -I. -MMD -c $< -o $@

# ---- host ------------------------------------------------------------------------------------
HOST_FLAGS := $(LANGUAGE) $(WARN) -O2 -g -D_GNU_SOURCE -fPIC -fvisibility=hidden \
	-fstack-protector-strong -march=x86-64-v2 -I. -Iinclude
HOST_LIBS := -lmbedcrypto -lyaml -ljansson -lseccomp -lpthread

$(B)/host/%.o: %.c
	@mkdir -p $(@D)
	$(CLANG) $(HOST_FLAGS) -MMD -c $< -o $@
$(B)/host/%.o: %.S
	@mkdir -p $(@D)
	$(CLANG) -I. -MMD -c $< -o $@

# ---- native tests under sanitizers -------------------------------------------------------------
SAN_FLAGS := $(LANGUAGE) $(WARN) -Wno-frame-larger-than -O1 -g -D_GNU_SOURCE -march=x86-64-v3 -I. -Iinclude \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
UNIT_C := $(wildcard test/unit/*_test.c)
UNIT   := $(UNIT_C:test/unit/%.c=$(B)/unit/%)
SAN_LIB_O := $(patsubst %.c,$(B)/san/%.o,$(PLAIN_C) $(wildcard test/lib/*.c))

$(B)/san/%.o: %.c
	@mkdir -p $(@D)
	$(CLANG) $(SAN_FLAGS) -MMD -c $< -o $@
$(B)/san/libplain.a: $(SAN_LIB_O)
	@rm -f $@
	$(AR) rcs $@ $^
$(B)/unit/%: $(B)/san/test/unit/%.o $(B)/san/libplain.a
	@mkdir -p $(@D)
	$(CLANG) $(SAN_FLAGS) $^ -o $@ $(HOST_LIBS)

unit: $(UNIT)
	@failed=0; for t in $(UNIT); do echo "== $$t"; $$t || failed=1; done; exit $$failed

clean:
	rm -rf $(B)

.PHONY: all unit clean deps demo test bench install
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
