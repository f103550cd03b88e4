/* forever HOW: prints "ready", then never ends: spin, sleep, read (standard input) or write. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "spin";
	char byte;
	puts("ready");
	fflush(stdout);
	for (volatile unsigned long i = 0;; i++) {
		if (strcmp(how, "sleep") == 0)
			sleep(1000);
		else if (strcmp(how, "read") == 0)
			(void)!read(0, &byte, 1);
		else if (strcmp(how, "write") == 0)
			(void)!write(1, ".", 1);
	}
}
