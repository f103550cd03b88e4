# The programs that the end-to-end tests need besides the guests: `tamper` and `tamper_native` go below the API
# of libretwine. Included by the Makefile.

E2E_PROGRAMS := $(B)/e2e/tamper $(B)/e2e/tamper_native

$(E2E_PROGRAMS): $(B)/e2e/%: $(B)/host/test/e2e/%.o $(B)/libretwine.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) -o $@ $^ $(HOST_LIBS)
