# Small WASI programs that the end-to-end tests run, in build/guests/. Included by the Makefile after
# examples/build.mk. `files` is built natively too: its output is compared.

G := $(B)/guests
GUESTS := $(patsubst test/guests/%.c,$(G)/%.wasm,$(wildcard test/guests/*.c)) \
	$(patsubst test/guests/%.wat,$(G)/%.wasm,$(wildcard test/guests/*.wat)) $(G)/files

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

.PHONY: guests
