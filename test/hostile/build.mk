# A host that lies (test/hostile/): the boundary code under sanitizers, and real runs. Included by the
# Makefile.

HOSTILE_LIES_O := $(patsubst %,$(B)/san/test/hostile/%.o,lie host transport stubs guest lies_main)
$(B)/test/hostile_lies: $(HOSTILE_LIES_O) $(B)/san/libretwine.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(SAN_FLAGS) $^ -o $@ $(HOST_LIBS)

HOSTILE_SCORE = test/hostile/score.py $(CLANG) "$(SAN_FLAGS)" "$(HOST_LIBS)" $(HOSTILE_LIES_O) $(B)/san/libretwine.a

# ONLY=TEXT: those rules alone.
hostile-score: $(B)/test/hostile_lies
	@$(HOSTILE_SCORE) $(if $(ONLY),--only=$(ONLY))

# The retwine command with a service that lies: never installed.
$(B)/test/retwine-hostile: HOST_LIBS += -lseccomp
$(B)/test/retwine-hostile: $(CLI_C:%.c=$(B)/host/%.o) $(B)/host/test/hostile/service.o $(B)/host/test/hostile/lie.o \
		$(B)/libretwine.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) -Wl,--wrap=service_call,--wrap=shared_area_fini -o $@ $^ $(HOST_LIBS)
$(B)/test/hostile_trusted.wasm: test/hostile/guests/trusted.c
	@mkdir -p $(@D)
	$(Q)$(WASM_CLANG) -std=c17 -D_GNU_SOURCE -O1 $(EXAMPLE_WARN) $(WASM_LINK) $< -o $@
$(B)/test/hostile_trusted_native.wasm: $(B)/test/hostile_trusted.wasm $(B)/retwine $(B)/retwine-compile
	$(Q)$(B)/retwine compile --quiet --interruptible -o $@ $<

HOSTILE_GUESTS := $(B)/test/hostile_trusted_native.wasm $(E)/sqlite3.wasm $(G)/files.wasm $(G)/volume_io.wasm $(G)/threads/queue.wasm
hostile-programs: $(B)/test/hostile_lies $(B)/test/retwine-hostile $(HOSTILE_GUESTS) $(IMAGE) $(IMAGE:.elf=.sig)

# The boundary code, what it notices when a rule is missing, real runs: all seeded.
check-hostile: deps-test
	@$(MAKE) --no-print-directory hostile-programs
	@$(B)/test/hostile_lies
	@$(HOSTILE_SCORE)
	@test/hostile/run.py $(B)

.PHONY: hostile-programs hostile-score check-hostile
