# The comparison with another engine (run.sh): our side as a program, under sanitizers; and that of our
# engines, inside enclaves. node comes from test/e2e/toolchains/build.mk. Included by the Makefile.

$(B)/differential/driver: $(B)/san/test/differential/driver.o $(B)/san/libretwine.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(SAN_FLAGS) $^ -o $@ $(HOST_LIBS)

$(B)/differential/enclave: $(B)/host/test/differential/enclave_main.o $(B)/host/test/lib/file.o \
		$(B)/host/test/lib/sections.o $(B)/libretwine.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) -o $@ $^ $(HOST_LIBS)

DIFFERENTIAL := $(B)/differential/driver $(B)/differential/enclave $(B)/retwine-compile $(TEST_IMAGE) \
	$(TEST_IMAGE:.elf=.sig) $(NODE)

# With V8: 100,000 damaged modules, 10,000 of wasm-opt, 10,000 of our own generator: some 7 minutes. The
# interpreter with native code: 10,000 and 10,000, some 45 minutes more.
check-differential: $(DIFFERENTIAL)
	@test/differential/run.sh $(B) 100000 10000 10000 10000 10000

.PHONY: check-differential
