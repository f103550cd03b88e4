/*
 * Tries to leave the directory that is mounted as descriptor 3, by the calls of WASI preview1
 * itself (the C library would stop some attempts). Prints `refused WHAT` or `ALLOWED WHAT`;
 * attempts that stay inside are controls and print `inside WHAT` or `LOST WHAT`. test/e2e/paths.sh
 * makes the tree.
 */
#include <stdio.h>
#include <string.h>
#include <wasi/api.h>

enum { MOUNT = 3 };

static __wasi_errno_t open_at(__wasi_fd_t dir, const char *path, size_t size,
			      __wasi_lookupflags_t look, __wasi_oflags_t flags,
			      __wasi_rights_t rights, __wasi_fd_t *fd)
{
	(void)size;
	return __wasi_path_open(dir, look, path, flags, rights, rights, 0, fd);
}

static void report(const char *what, const char *path, __wasi_errno_t error)
{
	printf("%s %s %s\n", error == 0 ? "ALLOWED" : "refused", what, path);
}

static void report_control(const char *what, const char *path, __wasi_errno_t error)
{
	printf("%s %s %s\n", error == 0 ? "inside" : "LOST", what, path);
}

static __wasi_errno_t open_and_close(__wasi_fd_t dir, const char *path, __wasi_lookupflags_t look,
				     __wasi_oflags_t flags, __wasi_rights_t rights)
{
	__wasi_fd_t fd;
	__wasi_errno_t error = open_at(dir, path, strlen(path), look, flags, rights, &fd);
	if (error == 0)
		(void)!__wasi_fd_close(fd);
	return error;
}

static const char *const g_outside[] = {
	"..",
	"../secret",
	"../",
	"./../secret",
	"a/../../secret",
	"a/b/../../../secret",
	"a//..//..//secret",
	"a/./.././../secret",
	"/etc/passwd",
	"//etc/passwd",
	"/",
	"",
	"link_out",	  /* -> ../secret */
	"link_absolute",  /* -> /etc/passwd */
	"link_root/etc",  /* -> / */
	"dir_out/secret", /* -> .. */
	"dir_out",	  /* -> .. */
	"a/link_deep",	  /* -> ../../secret */
	"chain",	  /* -> a/link_deep */
	"dir_out/mount/../secret",
	"loop", /* -> loop */
	"loop/../../secret",
	"file/../../secret",
};

static const char *const g_inside[] = {
	"file",
	"./file",
	"a/../file",
	"a/b/../../file",
	"inside" /* -> file */,
	"a/up" /* -> ../file */,
	"a/b/c",
	"dir_in/b/c" /* -> a */,
};

/* A name outside that does not exist yet. */
static const char *const g_new_outside[] = {
	"../created",		"dir_out/created",
	"/tmp/retwine_created", "link_new", /* -> ../created, dangling */
	"a/../../created",
};

static void try_opening(void)
{
	const __wasi_rights_t read = __WASI_RIGHTS_FD_READ;
	const __wasi_rights_t write = __WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_FD_FILESTAT_SET_SIZE;
	const __wasi_lookupflags_t follow = __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW;

	for (size_t i = 0; i < sizeof(g_outside) / sizeof(g_outside[0]); i++) {
		const char *path = g_outside[i];
		report("read", path, open_and_close(MOUNT, path, follow, 0, read));
		report("write", path, open_and_close(MOUNT, path, follow, 0, write));
		report("truncate", path,
		       open_and_close(MOUNT, path, follow, __WASI_OFLAGS_TRUNC, write));
		report("directory", path,
		       open_and_close(MOUNT, path, follow, __WASI_OFLAGS_DIRECTORY, read));
	}
	for (size_t i = 0; i < sizeof(g_inside) / sizeof(g_inside[0]); i++)
		report_control("read", g_inside[i],
			       open_and_close(MOUNT, g_inside[i], follow, 0, read));
	for (size_t i = 0; i < sizeof(g_new_outside) / sizeof(g_new_outside[0]); i++)
		report("create", g_new_outside[i],
		       open_and_close(MOUNT, g_new_outside[i], follow, __WASI_OFLAGS_CREAT, write));
}

/* A descriptor of a directory below is no way around either. */
static void try_from_below(void)
{
	__wasi_fd_t below;
	__wasi_errno_t error = open_at(MOUNT, "a", 1, 0, __WASI_OFLAGS_DIRECTORY,
				       __WASI_RIGHTS_PATH_OPEN | __WASI_RIGHTS_FD_READ, &below);
	report_control("directory", "a", error);
	if (error != 0)
		return;
	report("read from a", "../../secret",
	       open_and_close(below, "../../secret", 0, 0, __WASI_RIGHTS_FD_READ));
	report("read from a", "b/../../../secret",
	       open_and_close(below, "b/../../../secret", 0, 0, __WASI_RIGHTS_FD_READ));
	report_control("read from a", "b/c",
		       open_and_close(below, "b/c", 0, 0, __WASI_RIGHTS_FD_READ));
	(void)!__wasi_fd_close(below);
}

static void try_names(void)
{
	__wasi_filestat_t st;
	__wasi_size_t used;
	uint8_t buffer[256];
	const __wasi_lookupflags_t follow = __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW;

	report("stat", "../secret", __wasi_path_filestat_get(MOUNT, 0, "../secret", &st));
	report("stat", "link_out", __wasi_path_filestat_get(MOUNT, follow, "link_out", &st));
	report_control("lstat", "link_out", __wasi_path_filestat_get(MOUNT, 0, "link_out", &st));
	report("set times", "../secret",
	       __wasi_path_filestat_set_times(MOUNT, follow, "../secret", 1, 1,
					      __WASI_FSTFLAGS_MTIM));
	report("set times", "link_out",
	       __wasi_path_filestat_set_times(MOUNT, follow, "link_out", 1, 1,
					      __WASI_FSTFLAGS_MTIM));
	report("mkdir", "../newdir", __wasi_path_create_directory(MOUNT, "../newdir"));
	report("mkdir", "dir_out/newdir", __wasi_path_create_directory(MOUNT, "dir_out/newdir"));
	report("rmdir", "../empty", __wasi_path_remove_directory(MOUNT, "../empty"));
	report("rmdir", "dir_out/empty", __wasi_path_remove_directory(MOUNT, "dir_out/empty"));
	report("unlink", "../secret", __wasi_path_unlink_file(MOUNT, "../secret"));
	report("unlink", "dir_out/secret", __wasi_path_unlink_file(MOUNT, "dir_out/secret"));
	report("rename out", "file", __wasi_path_rename(MOUNT, "file", MOUNT, "../taken"));
	report("rename out", "file to dir_out",
	       __wasi_path_rename(MOUNT, "file", MOUNT, "dir_out/taken"));
	report("rename in", "../secret", __wasi_path_rename(MOUNT, "../secret", MOUNT, "stolen"));
	report("link out", "file", __wasi_path_link(MOUNT, 0, "file", MOUNT, "../taken"));
	report("link in", "../secret", __wasi_path_link(MOUNT, 0, "../secret", MOUNT, "stolen"));
	report("link in", "dir_out/secret",
	       __wasi_path_link(MOUNT, 0, "dir_out/secret", MOUNT, "stolen"));
	report("symlink out", "../made", __wasi_path_symlink("file", MOUNT, "../made"));
	report("readlink", "../outer_link",
	       __wasi_path_readlink(MOUNT, "../outer_link", buffer, sizeof(buffer), &used));
	report("absolute symlink", "made", __wasi_path_symlink("/etc/passwd", MOUNT, "made"));
}

/* A symlink that the program itself makes is followed no further than one that it found. */
static void try_own_symlinks(void)
{
	(void)!__wasi_path_symlink("../secret", MOUNT, "own_link");
	report("read", "own_link",
	       open_and_close(MOUNT, "own_link", __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, 0,
			      __WASI_RIGHTS_FD_READ));
	(void)!__wasi_path_symlink("..", MOUNT, "own_dir");
	report("read", "own_dir/secret",
	       open_and_close(MOUNT, "own_dir/secret", __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, 0,
			      __WASI_RIGHTS_FD_READ));
}

int main(void)
{
	try_opening();
	try_from_below();
	try_names();
	try_own_symlinks();
	return 0;
}
