# The comparison with another engine (run.sh): our side as a program, under sanitizers. node comes from
# test/e2e/toolchains/build.mk. Included by the Makefile.

$(B)/differential/driver: $(B)/san/test/differential/driver.o $(B)/san/libretwine.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(SAN_FLAGS) $^ -o $@ $(HOST_LIBS)

DIFFERENTIAL := $(B)/differential/driver $(NODE)

# 100,000 damaged modules, 10,000 of wasm-opt, 10,000 of our own generator: some 7 minutes.
check-differential: $(DIFFERENTIAL)
	@test/differential/run.sh $(B) 100000 10000 10000

.PHONY: check-differential
