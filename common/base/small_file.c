#include "base/small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/banned.h"

bool
small_file_read_fd(struct arena *a, int fd, size_t max, struct str *ret)
{
	char *p = arena_alloc(a, max + 1);
	size_t n = 0;
	ssize_t got;

	while (n <= max && (got = read(fd, p + n, max + 1 - n)) != 0) {
		if (got > 0)
			n += (size_t)got;
		else if (errno != EINTR)
			return false;
	}
	if (n > max) {
		errno = EFBIG;
		return false;
	}
	p[n] = '\0';
	*ret = (struct str){ p, n };
	return true;
}

/* errno is that of what came before. */
static bool
closed(int fd, bool ok)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return ok;
}

bool
small_file_read(struct arena *a, const char *path, size_t max, struct str *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && closed(fd, small_file_read_fd(a, fd, max, ret));
}

static bool
is_regular(int fd, struct stat *st)
{
	if (fstat(fd, st) != 0)
		return false;
	errno = EINVAL;
	return S_ISREG(st->st_mode);
}

bool
small_file_read_regular(
    struct arena *a, const char *path, size_t max, struct str *ret, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat own;

	if (st == NULL)
		st = &own;
	return fd >= 0 &&
	       closed(fd, is_regular(fd, st) && small_file_read_fd(a, fd, max, ret));
}
