/*
 * The stand-in for AESM as a program: serves at a socket until its standard input ends. Usage:
 * fake_aesm SOCKET
 */
#include <stdio.h>

#include "test/lib/fake_aesm.h"

int main(int argc, char **argv)
{
	static const struct fake_aesm_script fine;

	if (argc != 2)
		return 2;
	fake_aesm_start(argv[1], &fine);
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	printf("quotes %u, wrong requests %u\n", fake_aesm_asked(FAKE_QUOTE), fake_aesm_wrong());
	fake_aesm_stop();
	return 0;
}
