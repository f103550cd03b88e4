/* The C library's files: every mode of fopen, positions, pushing back, lines. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
	char line[64];
	fpos_t pos;
	FILE *f = fopen("/f", "wx");

	assert(f);
	assert(!fopen("/f", "wx") && errno == EEXIST);
	assert(fprintf(f, "%s, %s\n", "hello", "world") == 13);
	assert(fclose(f) == 0);
	f = fopen("/f", "r+");
	assert(f && fgetc(f) == 'h' && ungetc('x', f) == 'x' && fgetc(f) == 'x');
	assert(fseek(f, 0, SEEK_SET) == 0 && fputc('H', f) == 'H');
	assert(fflush(f) == 0 && fgetpos(f, &pos) == 0 && ftell(f) == 1);
	assert(fseek(f, -1, SEEK_END) == 0 && fputs("!\n", f) >= 0);
	rewind(f);
	assert(fgets(line, sizeof(line), f) && strcmp(line, "Hello, world!\n") == 0);
	assert(!fgets(line, sizeof(line), f) && feof(f) && !ferror(f));
	assert(fsetpos(f, &pos) == 0 && fgetc(f) == 'e');
	assert(fclose(f) == 0);
	f = fopen("/f", "a+");
	assert(f && fgetc(f) == 'H');
	assert(!fopen("/none", "r") && errno == ENOENT);
	assert(!fopen("/", "w") && errno == EISDIR);
	return fclose(f);
}
