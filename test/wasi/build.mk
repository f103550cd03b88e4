# The conformance programs of preview1, in build/wasi/: each from one source with one JSON file, which is
# copied beside it. Included by the Makefile after examples/build.mk. test/wasi/run.py runs them.

W := $(B)/wasi
WASI_C    := $(wildcard test/wasi/c/*.c)
WASI_OLD  := $(wildcard test/wasi/unstable/*.c)
WASI_LIBC := $(wildcard test/wasi/libc/*.c)
WASI_RUST := $(wildcard test/wasi/rust/*.rs)
WASI_PROGRAMS := $(patsubst test/wasi/%,$(W)/%.wasm,$(basename $(WASI_C) $(WASI_OLD) $(WASI_LIBC) $(WASI_RUST)))
WASI_JSON := $(WASI_PROGRAMS:.wasm=.json)
# What test/e2e/odd_files.sh runs.
WASI_ODD  := $(patsubst test/wasi/%.c,$(W)/%.wasm,$(wildcard test/wasi/odd/*.c))

wasi-programs: $(WASI_PROGRAMS) $(WASI_JSON) $(WASI_ODD)

$(W)/obj/unstable/%.o: WASI_DEFINE := -DWASI_MODULE='"wasi_unstable"' -DWASI_MODULE_IS_OLD
$(W)/obj/%.o: test/wasi/%.c
	@mkdir -p $(@D)
	$(Q)$(WASM_CLANG) -std=c17 -D_GNU_SOURCE -O1 $(EXAMPLE_WARN) $(WASI_DEFINE) -I. -MMD -c $< -o $@
$(W)/obj/unstable/program.o: test/wasi/program.c
	@mkdir -p $(@D)
	$(Q)$(WASM_CLANG) -std=c17 -O1 $(EXAMPLE_WARN) $(WASI_DEFINE) -I. -MMD -c $< -o $@
$(W)/c/%.wasm: $(W)/obj/c/%.o $(W)/obj/program.o
	@mkdir -p $(@D)
	$(Q)$(WASM_CLANG) $(WASM_LINK) -Wl,--strip-debug $^ -o $@
$(W)/odd/%.wasm: $(W)/obj/odd/%.o $(W)/obj/program.o
	@mkdir -p $(@D)
	$(Q)$(WASM_CLANG) $(WASM_LINK) -Wl,--strip-debug $^ -o $@
$(W)/unstable/%.wasm: $(W)/obj/unstable/%.o $(W)/obj/unstable/program.o
	@mkdir -p $(@D)
	$(Q)$(WASM_CLANG) $(WASM_LINK) -nostartfiles -Wl,--strip-debug $^ -o $@
$(W)/libc/%.wasm: $(W)/obj/libc/%.o
	@mkdir -p $(@D)
	$(Q)$(WASM_CLANG) $(WASM_LINK) -Wl,--strip-debug $^ -o $@
# rustc keeps its object files beside the result.
$(W)/rust/%.wasm: test/wasi/rust/%.rs
	@mkdir -p $(W)/obj/rust/$*
	$(Q)$(RUSTC) --edition 2021 -C opt-level=1 -C strip=symbols --remap-path-prefix=$(CURDIR)=. --target wasm32-wasi \
		-C linker=wasm-ld-14 -o $(W)/obj/rust/$*/$*.wasm $<
	@mkdir -p $(@D)
	$(Q)mv $(W)/obj/rust/$*/$*.wasm $@
$(W)/%.json: test/wasi/%.json
	@mkdir -p $(@D)
	@cp $< $@

# All of it: what no program meets, the programs with directories of the host and of the enclave, natively, odd
# files, and the compressors over WASI_FILES files.
WASI_DIRS  := $(addprefix $(W)/,c unstable libc rust)
WASI_FILES := 10000
check-wasi: deps-test
	@$(MAKE) --no-print-directory all wasi-programs wasi-tools
	@test/wasi/run.py --coverage test/wasi
	@test/wasi/run.py $(B) $(WASI_DIRS)
	@test/wasi/run.py --mode=strict $(B) $(WASI_DIRS)
	@test/wasi/run.py --mount=tmp $(B) $(WASI_DIRS)
	@test/wasi/run.py --engine=native $(B) $(WASI_DIRS)
	@BUILD=$(B) test/e2e/odd_files.sh
	@BUILD=$(B) FILES=$(WASI_FILES) test/e2e/compressors.sh

.PHONY: wasi-programs check-wasi

include test/wasi/tools/build.mk
