/* The claims, and short forms of what every program does (program.h). */
#include "test/wasi/program.h"

void say(uint32_t fd, const char *text)
{
	const iov v = {(const uint8_t *)text, strlen(text)};
	size_t done;

	if (wasi_fd_write(fd, &v, 1, &done) != 0)
		__builtin_trap();
}

static void say_number(uint32_t n)
{
	char text[11];
	size_t at = sizeof(text);

	text[--at] = '\0';
	do {
		text[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n != 0);
	say(2, text + at);
}

_Noreturn static void give_up(const char *file, int line, const char *what)
{
	say(2, "\n");
	say(2, file);
	say(2, ":");
	say_number((uint32_t)line);
	say(2, ": ");
	say(2, what);
	say(2, "\n");
	wasi_proc_exit(1);
}

void expect2(uint32_t want, uint32_t or, uint32_t got, const char *name, const char *call,
	     const char *file, int line)
{
	if (got == want || got == or)
		return;
	say(2, "errno ");
	say_number(got);
	say(2, ", expected ");
	say(2, name);
	give_up(file, line, call);
}

void expect(uint32_t want, uint32_t got, const char *name, const char *call, const char *file,
	    int line)
{
	expect2(want, want, got, name, call, file, line);
}

void check(bool holds, const char *condition, const char *file, int line)
{
	if (!holds)
		give_up(file, line, condition);
}

/* For the short forms: the path says more than the line here. */
static void must(uint32_t got, const char *what, const char *path)
{
	expect(__WASI_ERRNO_SUCCESS, got, "SUCCESS", path, what, __LINE__);
}

uint32_t open_at(uint32_t dir, const char *path, uint32_t oflags, uint64_t rights, uint32_t fdflags)
{
	uint32_t fd;
	const uint64_t inheriting = oflags & DIRECTORY ? status_of(dir).fs_rights_inheriting : 0;

	must(wasi_path_open(dir, FOLLOW, path, strlen(path), oflags, rights, inheriting, fdflags,
			    &fd),
	     "open_at", path);
	return fd;
}

uint32_t open_file(const char *path, uint32_t oflags, uint64_t rights)
{
	return open_at(ROOT, path, oflags, rights, 0);
}

uint32_t open_dir(const char *path)
{
	return open_at(ROOT, path, DIRECTORY, status_of(ROOT).fs_rights_base, 0);
}

void make_file(const char *path, const char *text)
{
	const uint32_t fd = open_file(path, CREATE | TRUNC, BOTH);

	CHECK(put(fd, text) == strlen(text));
	OK(fd_close(fd));
}

void make_dir(const char *path)
{
	must(wasi_path_create_directory(ROOT, path, strlen(path)), "make_dir", path);
}

void make_link(const char *text, const char *path)
{
	must(wasi_path_symlink(text, strlen(text), ROOT, path, strlen(path)), "make_link", path);
}

size_t get(uint32_t fd, void *buf, size_t size)
{
	size_t done;

	OK(fd_read(fd, IOV(buf, size), &done));
	CHECK(done <= size);
	return done;
}

size_t put(uint32_t fd, const char *text)
{
	size_t done;

	OK(fd_write(fd, IOV(text, strlen(text)), &done));
	return done;
}

bool holds(const char *path, const char *text)
{
	char buf[4096];
	const uint32_t fd = open_file(path, 0, READ);
	const size_t n = get(fd, buf, sizeof(buf));

	OK(fd_close(fd));
	return n == strlen(text) && memcmp(buf, text, n) == 0;
}

bool exists(const char *path)
{
	__wasi_filestat_t st;
	const uint32_t e = wasi_path_filestat_get(ROOT, 0, path, strlen(path), &st);

	CHECK(e == __WASI_ERRNO_SUCCESS || e == __WASI_ERRNO_NOENT);
	return e == __WASI_ERRNO_SUCCESS;
}

__wasi_filestat_t stat_of(const char *path)
{
	__wasi_filestat_t st;

	must(wasi_path_filestat_get(ROOT, 0, path, strlen(path), &st), "stat_of", path);
	return st;
}

__wasi_filestat_t stat_fd(uint32_t fd)
{
	__wasi_filestat_t st;

	OK(fd_filestat_get(fd, &st));
	return st;
}

uint64_t size_of(const char *path)
{
	return stat_of(path).size;
}

uint64_t offset_of(uint32_t fd)
{
	uint64_t off;

	OK(fd_tell(fd, &off));
	return off;
}

__wasi_fdstat_t status_of(uint32_t fd)
{
	__wasi_fdstat_t st;

	OK(fd_fdstat_get(fd, &st));
	return st;
}

void drop_right(uint32_t fd, uint64_t right)
{
	const __wasi_fdstat_t st = status_of(fd);

	OK(fd_fdstat_set_rights(fd, st.fs_rights_base & ~right, st.fs_rights_inheriting));
}

#ifdef WASI_MODULE_IS_OLD
/* In the place of the C library's: that one would import proc_exit under the new name. */
int main(void);
void _start(void);
void _start(void)
{
	wasi_proc_exit((uint32_t)main());
}
#endif
