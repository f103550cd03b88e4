# The programs that the end-to-end tests need besides the guests: `tamper`, `tamper_native` and `hostile_serve` go below the API
# of libretwine. Included by the Makefile.

E2E_PROGRAMS := $(B)/e2e/tamper $(B)/e2e/tamper_native $(B)/e2e/hostile_serve

$(E2E_PROGRAMS): $(B)/e2e/%: $(B)/host/test/e2e/%.o $(B)/libretwine.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) -o $@ $^ $(HOST_LIBS)
