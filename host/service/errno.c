/*
 * The system's error numbers as the closed list of boundary/errno.def names them.
 * Trust: the kernel.
 */
#include "host/service/impl.h"

#include <errno.h>

static const struct {
	int system;
	enum host_errno host;
} g_errors[] = {
	{EACCES, HOST_ACCES},
	{EAGAIN, HOST_AGAIN},
	{EBADF, HOST_BADF},
	{EBUSY, HOST_BUSY},
	{ECONNABORTED, HOST_CONNABORTED},
	{ECONNRESET, HOST_CONNRESET},
	{EDQUOT, HOST_DQUOT},
	{EEXIST, HOST_EXIST},
	{EFBIG, HOST_FBIG},
	{EILSEQ, HOST_ILSEQ},
	{EINTR, HOST_INTR},
	{EINVAL, HOST_INVAL},
	{EIO, HOST_IO},
	{EISDIR, HOST_ISDIR},
	{ELOOP, HOST_LOOP},
	{EMFILE, HOST_MFILE},
	{EMLINK, HOST_MLINK},
	{ENAMETOOLONG, HOST_NAMETOOLONG},
	{ENFILE, HOST_NFILE},
	{ENODEV, HOST_NXIO},
	{ENOENT, HOST_NOENT},
	{ENOMEM, HOST_NOMEM},
	{ENOSPC, HOST_NOSPC},
	{ENOSYS, HOST_NOSYS},
	{ENOTCONN, HOST_NOTCONN},
	{ENOTDIR, HOST_NOTDIR},
	{ENOTEMPTY, HOST_NOTEMPTY},
	{EOPNOTSUPP, HOST_NOTSUP},
	{ENXIO, HOST_NXIO},
	{EOVERFLOW, HOST_OVERFLOW},
	{EPERM, HOST_PERM},
	{EPIPE, HOST_PIPE},
	{EROFS, HOST_ROFS},
	{ESPIPE, HOST_SPIPE},
	{ETIMEDOUT, HOST_TIMEDOUT},
	{ETXTBSY, HOST_TXTBSY},
	{EXDEV, HOST_XDEV},
};

enum host_errno service_errno(int error)
{
	for (size_t i = 0; i < COUNT_OF(g_errors); i++)
		if (g_errors[i].system == error)
			return g_errors[i].host;
	return HOST_IO;
}

enum host_errno service_result(long result)
{
	return result == -1 ? service_errno(errno) : HOST_SUCCESS;
}
