/* getenv, setenv, getopt: strings reach the C library. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	assert(strcmp(getenv("HOME"), "/home/x") == 0 && strcmp(getenv("N"), "1") == 0);
	assert(!getenv("PATH") && !getenv("USER"));
	assert(setenv("N", "2", 1) == 0 && strcmp(getenv("N"), "2") == 0);
	assert(getopt(argc, argv, "ab:") == 'a' && getopt(argc, argv, "ab:") == 'b');
	assert(strcmp(optarg, "value") == 0 && getopt(argc, argv, "ab:") == -1);
	assert(optind == 4 && strcmp(argv[4], "rest") == 0 && argc == 5);
	return 0;
}
