# The program that the end-to-end tests need besides the guests: `tamper` goes below the API of
# libretwine. Included by the Makefile.

$(B)/e2e/tamper: $(B)/host/test/e2e/tamper.o $(B)/libretwine.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) -o $@ $^ $(HOST_LIBS)

E2E_PROGRAMS := $(B)/e2e/tamper
