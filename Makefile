# Retwine. `make demo` runs the main job, `make test` the tests; each installs what it lacks.
# Targets: all demo test check-spec check-differential check-fuzz check-verifier check-attest check-attest-fuzz check-wasi check-hostile check-volume check-volume-endurance bench fuzz size install deps clean.
# A directory's sources are found by wildcard; who may include whom is in tools/includes.txt.

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

B      := build
CLANG  := clang-19
GCC    := gcc
LD     := ld.lld-19
AR     := ar
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
PLAIN   := base crypto sgx launch hostcall channel attest wasm interp native volume wasi program platform
plain_c  = $(foreach d,$(1),$(wildcard $(d)/*.c))
PLAIN_C := $(call plain_c,$(PLAIN))
# What the enclave checks, not what finds the facts that it checks.
FINDER_C   := $(wildcard native/verify_find*.c)
VERIFIER_C := native/format.c native/check.c native/layout.c native/x86_decode.c \
	$(filter-out $(FINDER_C),$(wildcard native/verify*.c))
# Not the host's tools: what they need of the libraries stays out of the image.
IMAGE_C := $(filter-out $(FINDER_C) crypto/rsa.c crypto/ecdsa.c,$(call plain_c,base crypto crypto/image launch hostcall channel wasm interp native volume wasi platform enclave))
IMAGE_S := $(wildcard enclave/*.S crypto/image/*.S)
HOST    := host $(addprefix host/,base device quoting service verify deploy volume)
HOST_C  := $(call plain_c,base crypto sgx launch channel attest wasm volume $(HOST)) $(VERIFIER_C)
HOST_S  := $(wildcard $(addsuffix /*.S,$(HOST)))
CLI_C   := $(wildcard cli/*.c)

# ---- the enclave image -----------------------------------------------------------------------
# Freestanding, for the CPUs that have SGX2 (x86-64-v3); no red zone: an exception handler runs on
# its own stack, but a probe should not find a reason.
IMAGE_FLAGS := $(LANGUAGE) $(WARN) -O2 -g1 --target=x86_64-linux-gnu -march=x86-64-v3 -mno-red-zone \
	-ffreestanding -fPIE -fvisibility=hidden -fstack-protector-strong \
	-ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr \
	-fno-asynchronous-unwind-tables -U_FORTIFY_SOURCE -I.
# crypto/ and channel/ include the headers of the libraries, which want hosted ones.
$(B)/image/crypto/%.o $(B)/image/channel/%.o: IMAGE_HEADERS :=
IMAGE_HEADERS = -nostdlibinc -isystem enclave/libc
IMAGE_LINK := --pie -static --no-dynamic-linker -z text -z noexecstack -z max-page-size=4096 \
	--gc-sections --build-id=none --hash-style=gnu --strip-debug -T enclave/image.lds
LIBDIR := /usr/lib/x86_64-linux-gnu
IMAGE_LIBS := $(LIBDIR)/libmbedtls.a $(LIBDIR)/libmbedx509.a $(LIBDIR)/libmbedcrypto.a $(LIBDIR)/libIPSec_MB.a
IMAGE_O  = $(IMAGE_S:%.S=$(B)/image/%.o) $(IMAGE_C:%.c=$(B)/image/%.o)
IMAGE   := $(B)/retwine-enclave.elf

$(B)/image/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(IMAGE_FLAGS) $(IMAGE_HEADERS) -MMD -MP -c $< -o $@
$(B)/image/%.o: %.S
	@mkdir -p $(@D)
	$(Q)$(CLANG) --target=x86_64-linux-gnu -I. -MMD -MP -c $< -o $@

# $(1): the list of library objects that may be inside, where the gate is to look at it.
define link_image
@echo "  LINK  $@"
$(Q)$(LD) $(IMAGE_LINK) -Map=$@.map -o $@.tmp $(filter %.o,$^) $(IMAGE_LIBS)
$(Q)tools/check-image.sh $@.tmp $@.map $(1)
@mv $@.tmp $@
endef

# The program proper; the test image has the script runner in its place.
$(IMAGE): $(IMAGE_O) $(patsubst %.c,$(B)/image/%.o,$(wildcard program/*.c)) enclave/image.lds enclave/linked.txt tools/check-image.sh
	$(call link_image,enclave/linked.txt)

# ---- host ------------------------------------------------------------------------------------
HOST_FLAGS := $(LANGUAGE) $(WARN) -O2 -g -D_GNU_SOURCE -fPIC -fvisibility=hidden \
	-fstack-protector-strong -march=x86-64-v2 -I. -Iinclude -isystem $(B)/proto
$(B)/host/host/packages.o: HOST_FLAGS += -DRETWINE_PACKAGES='"$(shell tools/packages.sh)"'
$(B)/host/test/%.o $(B)/host/bench/%.o: HOST_FLAGS += -Wno-frame-larger-than
CRYPTO_LIBS := $(LIBDIR)/libmbedtls.a $(LIBDIR)/libmbedx509.a $(LIBDIR)/libmbedcrypto.a $(LIBDIR)/libIPSec_MB.a
HOST_LIBS := $(CRYPTO_LIBS) -lyaml -ljansson -lprotobuf-c -lpthread

$(B)/host/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(HOST_FLAGS) -MMD -MP -c $< -o $@
$(B)/host/%.o: %.S
	@mkdir -p $(@D)
	$(Q)$(CLANG) -I. -MMD -MP -c $< -o $@

# What protobuf-c makes of the messages of the quoting service; warnings in it are not ours.
PROTO_C := $(patsubst %.proto,$(B)/proto/%.pb-c.c,host/quoting/aesm.proto)
$(B)/proto/%.pb-c.c $(B)/proto/%.pb-c.h &: %.proto
	@mkdir -p $(@D)
	$(Q)protoc-c --c_out=$(B)/proto $<
$(patsubst %,$(B)/%/host/quoting/aesm.o,host san tsan cov gcc volume-score): $(PROTO_C)
$(B)/host/proto/%.o: $(B)/proto/%.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) -O2 -g -fPIC -fvisibility=hidden -fstack-protector-strong -march=x86-64-v2 -I$(B)/proto -c $< -o $@

PROTO_O := $(PROTO_C:$(B)/proto/%.c=$(B)/host/proto/%.o)
$(patsubst %,$(B)/%/host/quoting/simulation_data.o,host san): $(wildcard host/quoting/simulation/*)
$(B)/libretwine.a: $(PROTO_O) $(HOST_C:%.c=$(B)/host/%.o) $(HOST_S:%.S=$(B)/host/%.o)
	@rm -f $@
	$(Q)$(AR) rcsD $@ $^
# The command's list of system calls, and its test.
$(B)/retwine $(B)/unit/sandbox_test: HOST_LIBS += -lseccomp
$(B)/retwine: $(CLI_C:%.c=$(B)/host/%.o) $(B)/libretwine.a
	@echo "  LINK  $@"
	$(Q)$(CLANG) -o $@ $^ $(HOST_LIBS)

# ---- the compiler: a command of its own, so that nothing else needs LLVM ---------------------------
LLVM_FLAGS := -isystem /usr/lib/llvm-19/include
LLVM_LIBS  := -L/usr/lib/llvm-19/lib -lLLVM-19
COMPILER_C := $(call plain_c,base wasm) crypto/sha256.c $(VERIFIER_C) $(FINDER_C) \
	host/base/heap.c host/base/park.c $(wildcard compiler/*.c)
$(B)/host/compiler/%.o: HOST_FLAGS += $(LLVM_FLAGS)
$(B)/retwine-compile: $(COMPILER_C:%.c=$(B)/host/%.o)
	@echo "  LINK  $@"
	$(Q)$(CLANG) -o $@ $^ $(LLVM_LIBS) $(CRYPTO_LIBS) -lpthread

# Its arithmetic against the interpreter's, without the rest of it.
NUMBERS := $(wildcard test/compiler/*.c) $(addprefix compiler/,number.c convert.c target.c \
	vector.c vector_lane.c vector_integer.c vector_convert.c)
$(B)/san/compiler/%.o $(B)/san/test/compiler/%.o: SAN_FLAGS += $(LLVM_FLAGS)
$(B)/test/number_test: $(NUMBERS:%.c=$(B)/san/%.o) $(B)/san/libretwine.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(SAN_FLAGS) $^ -o $@ $(LLVM_LIBS) $(HOST_LIBS)

# ---- the test image: the same sources, with probes and the script runner as its program ----------
TEST_IMAGE   := $(B)/test-enclave.elf
WAST_C       := $(filter-out %_main.c,$(wildcard test/wast/*.c test/engine/*.c)) test/differential/observe.c
TEST_IMAGE_O := $(patsubst %.c,$(B)/image/%.o,$(wildcard test/image/*.c) $(WAST_C) program/result.c) \
	$(patsubst %.S,$(B)/image/%.o,$(wildcard test/image/*.S))

$(TEST_IMAGE): $(IMAGE_O) $(TEST_IMAGE_O) enclave/image.lds tools/check-image.sh
	$(call link_image,)

# Signed by a key of this tree; a product has its own. The date is fixed: the same key and image give
# the same signature.
$(B)/signing-key.pem: | $(B)/retwine
	@echo "  KEY   $@"
	$(Q)$(B)/retwine sign --new-key $@
$(B)/%.sig: $(B)/%.elf $(B)/signing-key.pem | $(B)/retwine
	@echo "  SIGN  $@"
	$(Q)$(B)/retwine sign --key $(B)/signing-key.pem --output $@ $<

# ---- native tests under sanitizers -------------------------------------------------------------
SAN_FLAGS := $(LANGUAGE) $(WARN) -Wno-frame-larger-than -O1 -g -D_GNU_SOURCE -march=x86-64-v3 \
	-I. -Iinclude -isystem $(B)/proto -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer
SAN_C  := $(PLAIN_C) $(filter-out host/base/heap.c,$(call plain_c,$(HOST))) \
	$(wildcard test/lib/*.c) $(WAST_C)
UNIT   := $(patsubst test/unit/%.c,$(B)/unit/%,$(wildcard test/unit/*_test.c))

$(B)/san/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(SAN_FLAGS) -MMD -MP -c $< -o $@
$(B)/san/%.o: %.S
	@mkdir -p $(@D)
	$(Q)$(CLANG) -I. -MMD -MP -c $< -o $@
$(B)/san/libretwine.a: $(PROTO_O) $(SAN_C:%.c=$(B)/san/%.o) $(HOST_S:%.S=$(B)/san/%.o)
	@rm -f $@
	$(Q)$(AR) rcsD $@ $^
$(UNIT): $(B)/unit/%: $(B)/san/test/unit/%.o $(B)/san/libretwine.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(SAN_FLAGS) $^ -o $@ $(HOST_LIBS)

# The volume's adversary counts every pair of key and nonce; SQLite runs on it natively.
$(addprefix $(B)/unit/volume_,nonce_test crash_test fault_test sqlite_test): HOST_LIBS += -Wl,--wrap=gcm_seal
$(B)/unit/volume_sqlite_test: HOST_LIBS += -lsqlite3

# Without sanitizers: the simulator's own tests, and those of the enclave in it.
$(B)/test/sim_test: $(patsubst %,$(B)/host/%.o,$(basename $(wildcard test/sim/*.c test/sim/*.S))) \
		$(B)/libretwine.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) -o $@ $^ $(HOST_LIBS)
$(B)/test/enclave_test $(B)/test/threads_test: $(B)/test/%: $(B)/host/test/enclave/%.o $(B)/host/test/lib/file.o \
		$(B)/libretwine.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) -o $@ $^ $(HOST_LIBS)
# A quote of the simulator in a file, and a quoting service that answers as it is told.
$(B)/test/make_sim_quote: $(B)/host/test/attest/make_sim_quote.o $(B)/libretwine.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) -o $@ $^ $(HOST_LIBS)
$(B)/test/fake_aesm: $(B)/host/test/attest/fake_aesm_main.o $(B)/host/test/lib/fake_aesm.o $(B)/libretwine.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) -o $@ $^ $(HOST_LIBS)
$(B)/test/channel/channel_tool: $(addprefix $(B)/host/test/,channel/channel_tool.o lib/wire.o lib/fake_certificate.o lib/file.o) \
		$(B)/libretwine.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) -o $@ $^ $(HOST_LIBS)
$(B)/retwine-wast: $(B)/host/test/wast/enclave_main.o $(B)/host/test/lib/file.o $(B)/host/test/lib/sections.o $(B)/libretwine.a
	$(Q)$(CLANG) -o $@ $^ $(HOST_LIBS)
$(B)/wast-native: $(B)/san/test/wast/native_main.o $(B)/san/libretwine.a
	$(Q)$(CLANG) $(SAN_FLAGS) $^ -o $@ $(HOST_LIBS)

# What several threads do at once, under ThreadSanitizer: the unit tests of that subject again.
TSAN   := mutex wait wasi_threads program program_native interp_memory service_quote program_deploy wasi_volume_threads volume_threads
TSAN_FLAGS := $(filter-out -fsanitize=% -fno-sanitize-%,$(SAN_FLAGS)) -fsanitize=thread
$(B)/tsan/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(TSAN_FLAGS) -MMD -MP -c $< -o $@
$(B)/tsan/libretwine.a: $(PROTO_O) $(SAN_C:%.c=$(B)/tsan/%.o) $(HOST_S:%.S=$(B)/san/%.o)
	@rm -f $@
	$(Q)$(AR) rcsD $@ $^
$(TSAN:%=$(B)/tsan/%_test): $(B)/tsan/%_test: $(B)/tsan/test/unit/%_test.o $(B)/tsan/libretwine.a
	$(Q)$(CLANG) $(TSAN_FLAGS) $^ -o $@ $(HOST_LIBS)

# Whole programs with threads, without an enclave.
$(B)/tsan/threads: $(B)/tsan/test/threads/native_main.o $(B)/tsan/libretwine.a
	$(Q)$(CLANG) $(TSAN_FLAGS) $^ -o $@ $(HOST_LIBS)

# Fuzz harnesses: replayed over their seeds by the tests; `make fuzz` runs libFuzzer, FUZZ_TIME
# seconds each.
FUZZ := $(patsubst fuzz/%_fuzz.c,%,$(wildcard fuzz/*_fuzz.c))
FUZZ_TIME := 60
$(FUZZ:%=$(B)/fuzz/%_replay): $(B)/fuzz/%_replay: $(B)/san/fuzz/%_fuzz.o $(B)/san/fuzz/replay_main.o \
		$(B)/san/libretwine.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(SAN_FLAGS) $^ -o $@ $(HOST_LIBS)
$(B)/cov/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(SAN_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@
$(FUZZ:%=$(B)/fuzz/%): $(B)/fuzz/%: $(B)/cov/fuzz/%_fuzz.o $(SAN_C:%.c=$(B)/cov/%.o) $(PROTO_O) $(HOST_S:%.S=$(B)/san/%.o)
	@mkdir -p $(@D)
	@rm -f $@.a && $(AR) rcsD $@.a $(filter-out $<,$^)
	$(Q)$(CLANG) $(SAN_FLAGS) -fsanitize=fuzzer $< $@.a -o $@ $(HOST_LIBS)
fuzz: $(FUZZ:%=$(B)/fuzz/%)
	@for f in $(FUZZ); do \
		echo "== $$f"; \
		mkdir -p $(B)/fuzz/corpus-$$f; \
		$(B)/fuzz/$$f -max_total_time=$(FUZZ_TIME) -print_final_stats=1 \
			-artifact_prefix=$(B)/fuzz/ $(B)/fuzz/corpus-$$f fuzz/seeds/$$f \
			>$(B)/fuzz/$$f.log 2>&1 || { tail -n 40 $(B)/fuzz/$$f.log; exit 1; }; \
		tail -n 8 $(B)/fuzz/$$f.log; \
	done

# Decode, validate, execute with fuel: two CPU hours without a finding.
check-fuzz: $(B)/fuzz/interp
	@test/fuzz_hours.sh $(B) 3600 interp:wasm interp:wasm
# What attestation takes apart, a CPU hour each: quotes, certificates and their extensions, JSON, CBOR,
# the quoting service's messages.
ATTEST_FUZZ := quote pck tcb_json evidence aesm certificate
check-attest-fuzz: $(ATTEST_FUZZ:%=$(B)/fuzz/%)
	@test/fuzz_hours.sh $(B) 3600 $(ATTEST_FUZZ)

# ---- guests and examples ---------------------------------------------------------------------------
include examples/build.mk
include test/guests/build.mk
include test/e2e/build.mk
include test/e2e/toolchains/build.mk
include test/differential/build.mk
include test/wasi/build.mk
include test/hostile/build.mk

# ---- what one calls ----------------------------------------------------------------------------------
SIGNED := $(IMAGE) $(IMAGE:.elf=.sig)

all: $(B)/retwine $(B)/retwine-compile $(SIGNED)

deps:
	@tools/deps.sh build examples
deps-test:
	@tools/deps.sh test

# The dependencies come first, whatever -j says: hence the second make.
demo:
	@tools/deps.sh demo
	@$(MAKE) --no-print-directory all examples $(B)/e2e/hostile_serve
	@tools/demo.sh $(B)

TEST_PROGRAMS := $(UNIT) $(TSAN:%=$(B)/tsan/%_test) $(B)/tsan/threads $(FUZZ:%=$(B)/fuzz/%_replay) $(B)/test/sim_test $(B)/test/enclave_test $(B)/test/threads_test \
	$(B)/test/number_test $(B)/test/verifier/verify_tool $(B)/test/make_sim_quote $(B)/test/fake_aesm $(B)/test/channel/channel_tool \
	$(B)/retwine-wast $(B)/wast-native $(TEST_IMAGE) $(TEST_IMAGE:.elf=.sig)
test-programs: all $(TEST_PROGRAMS) examples-test guests wasi-programs wasi-tools hostile-programs toolchains $(DIFFERENTIAL) $(E2E_PROGRAMS) gcc
test:
	@tools/deps.sh test
	@$(MAKE) --no-print-directory test-programs
	@test/list.sh $(B) | test/run.sh $(B)/test-logs

# Every source of ours also compiles without a warning under gcc; the objects are not used.
GCC_O := $(patsubst %,$(B)/gcc/%.o,$(basename $(IMAGE_C) $(HOST_C) $(CLI_C) $(wildcard program/*.c compiler/*.c)))
$(B)/gcc/compiler/%.o: WARN += $(LLVM_FLAGS)
$(B)/gcc/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(GCC) $(LANGUAGE) $(WARN) -Wno-frame-larger-than -O2 -D_GNU_SOURCE -march=x86-64-v3 -I. -Iinclude -isystem $(B)/proto \
		-MMD -MP -c $< -o $@
gcc: $(sort $(GCC_O))

# The public test suite, in the enclave and natively under the sanitizers.
SUITE := ../shared/data/testsuite
check-spec: deps-test
	@$(MAKE) --no-print-directory $(TEST_IMAGE) $(TEST_IMAGE:.elf=.sig) $(B)/retwine-wast $(B)/wast-native
	@echo "in the enclave:"
	@test/wast/run.sh $(SUITE) $(B)/wast $(B)/retwine-wast
	@echo "natively:"
	@test/wast/run.sh $(SUITE) $(B)/wast $(B)/wast-native

# The verifier's decoder against a disassembler, the verifier over what the compiler makes, and what it
# accepts in an emulator.
VERIFIER_TOOL_C := $(call plain_c,base wasm) $(VERIFIER_C) $(FINDER_C) host/base/heap.c host/base/park.c test/lib/file.c
$(B)/test/verifier/verify_tool: $(B)/host/test/verifier/verify_tool.o $(VERIFIER_TOOL_C:%.c=$(B)/host/%.o)
	@mkdir -p $(@D)
	$(Q)$(CLANG) -o $@ $^ -lpthread
$(B)/test/verifier/%: $(B)/host/test/verifier/%.o $(VERIFIER_TOOL_C:%.c=$(B)/host/%.o)
	@mkdir -p $(@D)
	$(Q)$(CLANG) -o $@ $^ -lZydis -lunicorn -lpthread
ORACLE_C := $(wildcard test/verifier/oracle_*.c)
$(B)/test/verifier/oracle: $(ORACLE_C:%.c=$(B)/host/%.o)
# The verifier's tests in a build in which a rule can be left out.
SCORE   := $(patsubst test/unit/%.c,$(B)/score/%,$(wildcard test/unit/verify_*_test.c) test/unit/x86_decode_test.c)
SCORE_C := $(filter-out host/%,$(VERIFIER_TOOL_C)) host/base/park.c test/lib/native.c test/verifier/score_rule.c
$(B)/score/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(HOST_FLAGS) -Wno-frame-larger-than -O1 -DVERIFY_RULE_SCORE -MMD -MP -c $< -o $@
$(SCORE): $(B)/score/%: $(B)/score/test/unit/%.o $(SCORE_C:%.c=$(B)/score/%.o)
	$(Q)$(CLANG) -o $@ $^ -lpthread

$(B)/score/oracle: $(B)/score/test/verifier/oracle.o $(ORACLE_C:%.c=$(B)/score/%.o) $(SCORE_C:%.c=$(B)/score/%.o)
	$(Q)$(CLANG) -o $@ $^ -lZydis -lunicorn -lpthread

VERIFIER_GUESTS := $(E)/words.wasm $(E)/scoring.wasm $(E)/sqlite3.wasm
check-verifier:
	@tools/deps.sh test verifier
	@$(MAKE) --no-print-directory $(addprefix $(B)/test/verifier/,decoder_check verify_tool oracle) \
		$(SCORE) $(B)/score/oracle $(B)/retwine-compile $(VERIFIER_GUESTS)
	@test/score.sh VERIFY_RULE doc/verifier.md native $(SCORE)
	@test/verifier/run.sh $(B) $(VERIFIER_GUESTS)
# The emulator's part of it for an hour: 16,000,000 mutants, and as many functions made at random.
ORACLE_SEED := 2026
ORACLE_MODULES := $(foreach g,words scoring sqlite3,$(foreach i,v2 v3,$(foreach o,1 3,$(B)/test/verifier/$(g).$(i).$(o).wasm)))
$(B)/test/verifier/%.1.wasm $(B)/test/verifier/%.3.wasm &: $(B)/retwine-compile
	@mkdir -p $(@D)
	$(Q)$(B)/retwine-compile --quiet -O1 --isa $(patsubst .%,%,$(suffix $*)) $(E)/$(basename $*).wasm -o $(B)/test/verifier/$*.1.wasm
	$(Q)$(B)/retwine-compile --quiet -O3 --isa $(patsubst .%,%,$(suffix $*)) $(E)/$(basename $*).wasm -o $(B)/test/verifier/$*.3.wasm
check-verifier-long:
	@tools/deps.sh test verifier
	@$(MAKE) --no-print-directory $(B)/test/verifier/oracle $(B)/retwine-compile $(VERIFIER_GUESTS)
	@$(MAKE) --no-print-directory $(ORACLE_MODULES)
	@$(B)/test/verifier/oracle --long $(ORACLE_SEED) 0 $(ORACLE_MODULES)

# The verifier of quotes: each of its rules left out, one at a time.
ATTEST_SCORE   := $(patsubst test/unit/%.c,$(B)/attest-score/%,$(wildcard test/unit/attest_*_test.c))
ATTEST_SCORE_C := $(call plain_c,base crypto attest) host/base/park.c test/attest/score_rule.c \
	test/lib/native.c test/lib/file.c test/lib/pki.c test/lib/attest_scene.c
$(B)/attest-score/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(HOST_FLAGS) -Wno-frame-larger-than -O1 -DATTEST_RULE_SCORE -MMD -MP -c $< -o $@
$(ATTEST_SCORE): $(B)/attest-score/%: $(B)/attest-score/test/unit/%.o $(ATTEST_SCORE_C:%.c=$(B)/attest-score/%.o)
	$(Q)$(CLANG) -o $@ $^ $(HOST_LIBS)
check-attest: deps-test
	@$(MAKE) --no-print-directory $(ATTEST_SCORE)
	@test/score.sh ATTEST_RULE doc/attestation.md attest $(ATTEST_SCORE)

# The volume: each of its rules left out, one at a time; then its adversary for longer: every crash of larger
# workloads, every block damaged, more random operations.
VOLUME_TESTS   := $(patsubst test/unit/%.c,%,$(wildcard test/unit/volume_*_test.c))
VOLUME_LONG    := volume_crash_test volume_tamper_test volume_sqlite_test volume_model_test
VOLUME_SCORE   := $(VOLUME_TESTS:%=$(B)/volume-score/%)
VOLUME_SCORE_C := $(PLAIN_C) $(filter-out host/base/heap.c,$(call plain_c,$(HOST))) $(wildcard test/lib/*.c) $(WAST_C) test/volume/score_rule.c
VOLUME_SEED    := 2026
$(B)/volume-score/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(filter-out -fsanitize=% -fno-sanitize-%,$(SAN_FLAGS)) -DVOLUME_RULE_SCORE -MMD -MP -c $< -o $@
$(B)/volume-score/volume.a: $(PROTO_O) $(VOLUME_SCORE_C:%.c=$(B)/volume-score/%.o) $(HOST_S:%.S=$(B)/host/%.o)
	@rm -f $@
	$(Q)$(AR) rcsD $@ $^
$(VOLUME_SCORE): $(B)/volume-score/%: $(B)/volume-score/test/unit/%.o $(B)/volume-score/test/volume/score_rule.o $(B)/volume-score/volume.a
	$(Q)$(CLANG) -o $@ $^ -Wl,--wrap=gcm_seal $(HOST_LIBS) -lsqlite3
check-volume: deps-test
	@$(MAKE) --no-print-directory $(VOLUME_SCORE)
	@test/score.sh VOLUME_RULE doc/volume.md volume $(VOLUME_SCORE)
	@for t in $(VOLUME_LONG); do echo "== $$t"; $(B)/volume-score/$$t long $(VOLUME_SEED) || exit 1; done
# A million transactions: memory and the file stay as they are.
$(B)/test/volume/endurance: $(B)/host/test/volume/endurance.o $(B)/host/test/lib/volume_disk.o $(B)/libretwine.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) -o $@ $^ $(HOST_LIBS)
check-volume-endurance: deps-test
	@$(MAKE) --no-print-directory all $(B)/test/volume/endurance $(E)/sqlite3-volume.wasm $(B)/test/enclave_bench
	@$(B)/test/volume/endurance 1000000
	@test/volume/endurance.sh $(B) 20000

bench: deps-test
	@$(MAKE) --no-print-directory all $(B)/test/enclave_bench $(TEST_IMAGE) $(TEST_IMAGE:.elf=.sig) \
		$(E)/hello.wasm $(E)/sqlite3.wasm $(B)/bench/io.wasm $(B)/test/attest_bench bench-programs
	@bench/run.sh $(B) "$(KERNELS)" "$(SIMD_KERNELS)"
	@bench/io.py $(B)
	@bench/deploy.sh $(B)
	@$(B)/test/attest_bench
	@$(MAKE) --no-print-directory bench-native
	@$(MAKE) --no-print-directory bench-verified
	@$(MAKE) --no-print-directory bench-volume
$(B)/test/attest_bench: $(addprefix $(B)/host/,bench/attest_bench.o test/lib/attest_scene.o test/lib/pki.o) $(B)/libretwine.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) -o $@ $^ $(HOST_LIBS)
$(B)/test/enclave_bench: $(B)/host/bench/enclave_bench.o $(B)/host/test/lib/file.o $(B)/libretwine.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) -o $@ $^ $(HOST_LIBS)

# The interpreter with the image's code generation, outside of an enclave.
KERNELS := matmul:20:2 sieve:30:3 sha256:30:3 nbody:100:10 sort:10:1 vm:100:10
SIMD_KERNELS := mix:100 matrix:30 adler:30 blur:40 saxpy:20 dot:20 chacha:20 count:20
BENCH_O := $(patsubst %.c,$(B)/bench/obj/%.o,$(call plain_c,base wasm interp) host/base/heap.c host/base/park.c bench/interp_bench.c)
$(B)/bench/obj/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(filter-out -ffreestanding,$(IMAGE_FLAGS)) -Wno-frame-larger-than -D_GNU_SOURCE -MMD -MP -c $< -o $@
$(B)/bench/interp_bench: $(BENCH_O)
	$(Q)$(CLANG) -o $@ $^ -lm -ldl -lpthread
bench-programs: $(B)/bench/interp_bench
	@bench/build_kernels.sh $(B)/bench $(KERNELS) $(SIMD_KERNELS)
include bench/build.mk

size:
	@tools/size.sh

INSTALL_LIB  := $(DESTDIR)$(PREFIX)/lib/retwine
INSTALL_EXEC := $(DESTDIR)$(PREFIX)/libexec/retwine
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(INSTALL_LIB) $(INSTALL_EXEC) $(DESTDIR)$(PREFIX)/include
	install -m 755 $(B)/retwine $(DESTDIR)$(PREFIX)/bin/retwine
	install -m 755 $(B)/retwine-compile $(INSTALL_EXEC)/retwine-compile
	install -m 644 $(SIGNED) $(INSTALL_LIB)
	install -m 644 $(B)/libretwine.a $(DESTDIR)$(PREFIX)/lib/libretwine.a
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's,/usr/local,$(PREFIX),' tools/retwine-serve.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/retwine-serve.service
	install -m 644 include/retwine.h $(DESTDIR)$(PREFIX)/include/retwine.h

clean:
	rm -rf $(B)

.PHONY: all deps deps-test demo test test-programs check-spec check-fuzz check-verifier check-verifier-long check-attest check-attest-fuzz check-volume check-volume-endurance bench bench-programs fuzz gcc size install clean
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
