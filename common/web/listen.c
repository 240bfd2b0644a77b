#include "web/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/banned.h"

#define GIVEN_FIRST 3 /* SD_LISTEN_FDS_START */
#define GIVEN_MAX 64

bool
listen_is_socket(int fd)
{
	int yes = 0;
	socklen_t n = sizeof(yes);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &n) == 0 && yes;
}

/* ---- handed over ---- */

/* How many descriptors are meant for this very process. */
static int64_t
count_given(void)
{
	int64_t pid, n;

	if (!parse_i64(str_of(getenv("LISTEN_PID")), 1, INT32_MAX, &pid) ||
	    pid != getpid() || !parse_i64(str_of(getenv("LISTEN_FDS")), 1, GIVEN_MAX, &n))
		return 0;
	return n;
}

/* Of n descriptors the one called name; -1: none is. */
static int
find_named(const char *name, int64_t n)
{
	struct str names = str_of(getenv("LISTEN_FDNAMES"));
	int64_t i;

	for (i = 0; i < n && names.n > 0; i++)
		if (str_is(str_cut(&names, ':'), name))
			return GIVEN_FIRST + (int)i;
	return -1;
}

/* Children must not take the descriptors for theirs, nor must a second call. */
static void
forget_given(int64_t n)
{
	int64_t i;

	for (i = 0; i < n; i++)
		(void)fcntl(GIVEN_FIRST + (int)i, F_SETFD, FD_CLOEXEC);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

bool
listen_given(const char *name, struct listener *ret, struct err *err)
{
	int64_t n = count_given();

	*ret = (struct listener){ .fd = -1 };
	if (n == 0)
		return true;
	ret->fd = n == 1 ? GIVEN_FIRST : find_named(name, n);
	forget_given(n);
	if (ret->fd < 0)
		return err_set(err, ERR_CONFIG,
		    "%d sockets were handed over (LISTEN_FDS), none of them named '%s': "
		    "set FileDescriptorName=%s in its socket unit",
		    (int)n, name, name);
	if (!listen_is_socket(ret->fd))
		return err_set(err, ERR_CONFIG,
		    "the descriptor handed over (LISTEN_FDS) is no listening socket");
	return true;
}

/* ---- of our own ---- */

static bool
cannot(int fd, const char *path, struct err *err)
{
	err_set(err, ERR_CONFIG, "cannot listen on '%s': %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return false;
}

bool
listen_open(const char *path, int backlog, struct listener *ret, struct err *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	size_t n = strlen(path);
	struct stat st;
	int fd;

	if (n >= sizeof(sa.sun_path))
		return err_set(err, ERR_CONFIG,
		    "socket path is longer than %zu bytes: '%s'", sizeof(sa.sun_path) - 1,
		    path);
	memcpy(sa.sun_path, path, n);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path); /* of a program that was killed */
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 ||
	    chmod(path, 0660) != 0 || listen(fd, backlog) != 0 || lstat(path, &st) != 0)
		return cannot(fd, path, err);
	*ret = (struct listener){ fd, path, st.st_dev, st.st_ino };
	return true;
}

void
listen_hide(const struct listener *l)
{
	struct stat st;

	/* A later program may have put its own socket there. */
	if (l->path != NULL && lstat(l->path, &st) == 0 && st.st_dev == l->dev &&
	    st.st_ino == l->ino)
		unlink(l->path);
}
