# Small WASI programs that the end-to-end tests run, in build/guests/. Included by the Makefile after
# examples/build.mk. `files` is built natively too: its output is compared.

G := $(B)/guests
THREAD_GUESTS := $(patsubst test/guests/%.c,$(G)/%.wasm,$(filter-out %/thread.c,$(wildcard test/guests/threads/*.c)))
GUESTS := $(patsubst test/guests/%.c,$(G)/%.wasm,$(wildcard test/guests/*.c)) \
	$(patsubst test/guests/%.wat,$(G)/%.wasm,$(wildcard test/guests/*.wat)) $(G)/files \
	$(THREAD_GUESTS)

guests: $(GUESTS)

$(G)/obj/%.o: test/guests/%.c
	@mkdir -p $(@D)
	$(Q)$(WASM_CLANG) -std=c17 -D_GNU_SOURCE -O1 $(EXAMPLE_WARN) -ffile-prefix-map=$(CURDIR)/= -MMD \
		-c $< -o $@
$(G)/%.wasm: $(G)/obj/%.o
	$(Q)$(WASM_CLANG) $(WASM_LINK) $< -o $@
$(G)/%.wasm: test/guests/%.wat
	@mkdir -p $(@D)
	$(Q)wat2wasm $< -o $@
$(G)/files: test/guests/files.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) -std=c17 -D_GNU_SOURCE -O1 $(EXAMPLE_WARN) $< -o $@

# Threads without a threaded C library: its objects know nothing of atomics, hence --no-check-features.
THREAD_FLAGS := -matomics -mbulk-memory
THREAD_LINK := $(WASM_LINK) -nostartfiles -Wl,--export=_start -Wl,--shared-memory -Wl,--import-memory -Wl,--export-memory \
	-Wl,--max-memory=67108864 -Wl,--no-check-features
$(G)/obj/threads/%.o: EXAMPLE_WARN += -I. $(THREAD_FLAGS)
$(G)/obj/threads/%.o: test/guests/threads/%.S
	@mkdir -p $(@D)
	$(Q)$(WASM_CLANG) $(THREAD_FLAGS) -c $< -o $@
$(THREAD_GUESTS): $(G)/%.wasm: $(G)/obj/%.o $(G)/obj/threads/thread.o $(G)/obj/threads/thread_start.o
	@mkdir -p $(@D)
	$(Q)$(WASM_CLANG) $(THREAD_LINK) $^ -o $@

.PHONY: guests
