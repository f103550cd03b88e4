/*
 * Writes a quote of the simulated quoting enclave, over any enclave that is described: what everybody can do, since
 * the keys of *Retwine Simulation* are public. For tests of verifiers.
 * Usage: make_sim_quote [OPTION=VALUE...] OUT
 *   pck=current|outdated|withdrawn|listed   what the machine is worth
 *   mrenclave= mrsigner= config-id= report-data=HEX   from the first byte on, zeros behind
 *   attributes= isv-prod-id= isv-svn= config-svn= miscselect=NUMBER
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/device/sim.h"
#include "host/quoting/sim_quote.h"
#include "test/lib/hex.h"

struct wanted {
	struct sgx_report_body body;
	enum simulation_pck pck;
	const char *out;
};

static bool set_bytes(uint8_t *to, size_t max, const char *hex)
{
	uint8_t bytes[64];
	const size_t n = strlen(hex) / 2;

	if (strlen(hex) % 2 != 0 || n > max || hex_read(bytes, hex) != n)
		return false;
	memcpy(to, bytes, n);
	return true;
}

static bool set_pck(enum simulation_pck *pck, const char *name)
{
	static const char *const names[SIMULATION_PCK_END] = {"current", "outdated", "withdrawn",
							      "listed"};

	for (unsigned i = 0; i < SIMULATION_PCK_END; i++)
		if (strcmp(name, names[i]) == 0) {
			*pck = (enum simulation_pck)i;
			return true;
		}
	return false;
}

static bool set_number(struct sgx_report_body *b, const char *name, const char *value)
{
	const unsigned long long n = strtoull(value, NULL, 0);

	if (strcmp(name, "attributes") == 0)
		b->attributes.flags = n;
	else if (strcmp(name, "isv-prod-id") == 0)
		b->isvprodid = (uint16_t)n;
	else if (strcmp(name, "isv-svn") == 0)
		b->isvsvn = (uint16_t)n;
	else if (strcmp(name, "config-svn") == 0)
		b->configsvn = (uint16_t)n;
	else if (strcmp(name, "miscselect") == 0)
		b->miscselect = (uint32_t)n;
	else
		return false;
	return true;
}

static bool set(struct wanted *w, const char *name, const char *value)
{
	struct sgx_report_body *b = &w->body;

	if (strcmp(name, "pck") == 0)
		return set_pck(&w->pck, value);
	if (strcmp(name, "mrenclave") == 0)
		return set_bytes(b->mrenclave, sizeof b->mrenclave, value);
	if (strcmp(name, "mrsigner") == 0)
		return set_bytes(b->mrsigner, sizeof b->mrsigner, value);
	if (strcmp(name, "config-id") == 0)
		return set_bytes(b->configid, sizeof b->configid, value);
	if (strcmp(name, "report-data") == 0)
		return set_bytes(b->reportdata.data, sizeof b->reportdata.data, value);
	return set_number(b, name, value);
}

static bool read_arguments(struct wanted *w, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (!value) {
			w->out = argv[i];
			continue;
		}
		*value = 0;
		if (!set(w, argv[i], value + 1)) {
			fprintf(stderr, "make_sim_quote: %s=%s\n", argv[i], value + 1);
			return false;
		}
	}
	return w->out != NULL;
}

int main(int argc, char **argv)
{
	static struct sim_qe qe;
	static uint8_t quote[HOST_QUOTE_MAX];
	struct wanted w = {
		.body = {.miscselect = MISC_EXINFO,
			 .attributes = {ATTRIBUTE_INIT | ATTRIBUTE_MODE64 | ATTRIBUTE_KSS,
					XFRM_X87 | XFRM_SSE | XFRM_AVX}}};
	size_t size;

	if (!read_arguments(&w, argc, argv))
		return 2;
	memcpy(w.body.cpusvn, sim_machine()->cpusvn, sizeof w.body.cpusvn);
	if (sim_qe_init(&qe, sim_machine(), w.pck) != E_OK ||
	    sim_qe_sign(&qe, quote, sizeof quote, &size, &w.body) != E_OK)
		return 1;
	FILE *f = fopen(w.out, "wb");

	if (!f || fwrite(quote, 1, size, f) != size || fclose(f) != 0)
		return 1;
	return 0;
}
