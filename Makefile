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
LD     := ld.lld-19
AR     := llvm-ar-19
PREFIX := /usr/local
DESTDIR :=
Q      := $(if $(V),,@)

WARN := -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wundef -Wvla -Wstrict-prototypes \
	-Wmissing-prototypes -Wcast-qual -Wcast-align -Wwrite-strings -Wpointer-arith \
	-Wimplicit-fallthrough -Wformat=2 -Wframe-larger-than=4096 -Werror
LANGUAGE := -std=c17 -fno-strict-aliasing -fno-delete-null-pointer-checks -fno-common \
	-ffp-contract=off -ffile-prefix-map=$(CURDIR)/=

# ---- sources ---------------------------------------------------------------------------------
# Libraries that know neither enclave nor host process: they build inside and outside.
PLAIN   := base crypto sgx launch hostcall wasm interp wasi program platform
plain_c  = $(foreach d,$(1),$(wildcard $(d)/*.c))
PLAIN_C := $(call plain_c,$(PLAIN))
IMAGE_C := $(call plain_c,base crypto crypto/image launch hostcall wasm interp wasi platform enclave)
IMAGE_S := $(wildcard enclave/*.S)
HOST_C  := $(call plain_c,base crypto sgx launch wasm host)
HOST_S  := $(wildcard host/*.S)
CLI_C   := $(wildcard cli/*.c)

# ---- the enclave image -----------------------------------------------------------------------
# Freestanding, for the CPUs that have SGX2 (x86-64-v3); no red zone: an exception handler runs on
# its own stack, but a probe should not find a reason.
IMAGE_FLAGS := $(LANGUAGE) $(WARN) -O2 -g1 --target=x86_64-linux-gnu -march=x86-64-v3 -mno-red-zone \
	-ffreestanding -fPIE -fvisibility=hidden -fstack-protector-strong \
	-ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr \
	-fno-asynchronous-unwind-tables -U_FORTIFY_SOURCE -I.
# crypto/ includes the headers of the libraries, which want hosted ones.
$(B)/image/crypto/%.o: IMAGE_HEADERS :=
IMAGE_HEADERS = -nostdlibinc -isystem enclave/libc
IMAGE_LINK := --pie -static --no-dynamic-linker -z text -z noexecstack -z max-page-size=4096 \
	--gc-sections --build-id=none --hash-style=gnu --strip-debug -T enclave/image.lds
LIBDIR := /usr/lib/x86_64-linux-gnu
IMAGE_LIBS := $(LIBDIR)/libmbedcrypto.a $(LIBDIR)/libIPSec_MB.a
IMAGE_O  = $(IMAGE_S:%.S=$(B)/image/%.o) $(IMAGE_C:%.c=$(B)/image/%.o)
IMAGE   := $(B)/retwine-enclave.elf

$(B)/image/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(IMAGE_FLAGS) $(IMAGE_HEADERS) -MMD -c $< -o $@
$(B)/image/%.o: %.S
	@mkdir -p $(@D)
	$(Q)$(CLANG) --target=x86_64-linux-gnu -I. -MMD -c $< -o $@

# The program proper; the test image has the script runner in its place.
$(IMAGE): $(IMAGE_O) $(B)/image/program/program.o enclave/image.lds enclave/linked.txt tools/check-image.sh
	@echo "  LINK  $@"
	$(Q)$(LD) $(IMAGE_LINK) -Map=$@.map -o $@.tmp $(filter %.o,$^) $(IMAGE_LIBS)
	$(Q)tools/check-image.sh $@.tmp $@.map enclave/linked.txt
	@mv $@.tmp $@

# ---- host ------------------------------------------------------------------------------------
HOST_FLAGS := $(LANGUAGE) $(WARN) -O2 -g -D_GNU_SOURCE -fPIC -fvisibility=hidden \
	-fstack-protector-strong -march=x86-64-v2 -I. -Iinclude
HOST_LIBS := $(LIBDIR)/libmbedcrypto.a $(LIBDIR)/libIPSec_MB.a -lyaml -ljansson -lpthread

$(B)/host/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(HOST_FLAGS) -MMD -c $< -o $@
$(B)/host/%.o: %.S
	@mkdir -p $(@D)
	$(Q)$(CLANG) -I. -MMD -c $< -o $@

$(B)/libretwine.a: $(HOST_C:%.c=$(B)/host/%.o) $(HOST_S:%.S=$(B)/host/%.o)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^
$(B)/retwine: $(CLI_C:%.c=$(B)/host/%.o) $(B)/libretwine.a
	@echo "  LINK  $@"
	$(Q)$(CLANG) -o $@ $^ $(HOST_LIBS)

# ---- the test image: the same sources, with probes and the script runner as its program ----------
TEST_IMAGE   := $(B)/test-enclave.elf
TEST_IMAGE_O := $(patsubst %.c,$(B)/image/%.o,$(wildcard test/image/*.c) test/wast/runner.c) \
	$(patsubst %.S,$(B)/image/%.o,$(wildcard test/image/*.S))

$(TEST_IMAGE): $(IMAGE_O) $(TEST_IMAGE_O) enclave/image.lds tools/check-image.sh
	@echo "  LINK  $@"
	$(Q)$(LD) $(IMAGE_LINK) -Map=$@.map -o $@.tmp $(filter %.o,$^) $(IMAGE_LIBS)
	$(Q)tools/check-image.sh $@.tmp $@.map
	@mv $@.tmp $@

# Signed by a key of this tree; a product has its own. The date is fixed: the same key and image give
# the same signature.
$(B)/signing-key.pem: | $(B)/retwine
	@echo "  KEY   $@"
	$(Q)$(B)/retwine sign --new-key $@
$(B)/%.sig: $(B)/%.elf $(B)/signing-key.pem
	@echo "  SIGN  $@"
	$(Q)$(B)/retwine sign --key $(B)/signing-key.pem --output $@ $<

# ---- native tests under sanitizers -------------------------------------------------------------
SAN_FLAGS := $(LANGUAGE) $(WARN) -Wno-frame-larger-than -O1 -g -D_GNU_SOURCE -march=x86-64-v3 \
	-I. -Iinclude -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer
SAN_C  := $(PLAIN_C) $(filter-out host/heap.c host/packages.c,$(wildcard host/*.c)) \
	$(wildcard test/lib/*.c test/wast/runner.c test/wast/convert.c)
UNIT   := $(patsubst test/unit/%.c,$(B)/unit/%,$(wildcard test/unit/*_test.c))

$(B)/san/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(SAN_FLAGS) -MMD -c $< -o $@
$(B)/san/%.o: %.S
	@mkdir -p $(@D)
	$(Q)$(CLANG) -I. -MMD -c $< -o $@
$(B)/san/libretwine.a: $(SAN_C:%.c=$(B)/san/%.o) $(HOST_S:%.S=$(B)/san/%.o)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^
$(UNIT): $(B)/unit/%: $(B)/san/test/unit/%.o $(B)/san/libretwine.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(SAN_FLAGS) $^ -o $@ $(HOST_LIBS)

# Without sanitizers: the simulator's own tests, and those of the enclave in it.
$(B)/test/sim_test: $(patsubst %,$(B)/host/%.o,$(basename $(wildcard test/sim/*.c test/sim/*.S))) \
		$(B)/libretwine.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) -o $@ $^ $(HOST_LIBS)
$(B)/test/enclave_test: $(B)/host/test/enclave/enclave_test.o $(B)/host/test/lib/file.o $(B)/libretwine.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) -o $@ $^ $(HOST_LIBS)
$(B)/retwine-wast: $(B)/host/test/wast/enclave_main.o $(B)/host/test/wast/convert.o \
		$(B)/host/test/lib/file.o $(B)/libretwine.a
	$(Q)$(CLANG) -o $@ $^ $(HOST_LIBS)
$(B)/wast-native: $(B)/san/test/wast/native_main.o $(B)/san/libretwine.a
	$(Q)$(CLANG) $(SAN_FLAGS) $^ -o $@ $(HOST_LIBS)

unit: $(UNIT)
	@failed=0; for t in $(UNIT); do echo "== $$t"; $$t || failed=1; done; exit $$failed

clean:
	rm -rf $(B)

.PHONY: all unit clean deps demo test bench install
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
