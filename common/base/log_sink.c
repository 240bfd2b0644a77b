#include "base/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/banned.h"

#define WRITE_MAX_BYTES 65536u

static struct {
	int fd;
	mode_t type;
	dev_t dev;
	ino_t ino;
	bool known; /* the four above are those of stderr */
	bool stuck; /* it did not take the last line */
	bool torn;  /* the last write ended inside a line */
} sink;

/* ---- where it goes ---- */

/*
 * Opening a pipe anew gives a description of our own. A pipe of another user refuses that; poll()
 * then decides. Another process may fill the pipe between poll() and write(): the supervisor
 * replaces a worker that blocks there.
 */
static int
open_pipe(void)
{
	int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	return fd >= 0 ? fd : STDERR_FILENO;
}

void
log_sink_forget(void)
{
	if (sink.known && sink.fd != STDERR_FILENO)
		close(sink.fd);
	sink.known = false;
}

/* Checked each time: stderr may have been redirected. */
static bool
find(void)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st) != 0)
		return false;
	if (sink.known && st.st_dev == sink.dev && st.st_ino == sink.ino)
		return true;
	log_sink_forget();
	sink.type = st.st_mode & S_IFMT;
	sink.dev = st.st_dev;
	sink.ino = st.st_ino;
	sink.fd = sink.type == S_IFIFO ? open_pipe() : STDERR_FILENO;
	sink.known = true;
	return true;
}

/* Bytes of one write: a pipe keeps writes of several processes apart up to PIPE_BUF only. */
static size_t
limit(void)
{
	return sink.type == S_IFREG || sink.type == S_IFSOCK ? WRITE_MAX_BYTES : PIPE_BUF;
}

/* ---- writing ---- */

static bool
has_room(int64_t deadline_ms)
{
	struct pollfd fd = { .fd = sink.fd, .events = POLLOUT };
	int64_t left = deadline_ms - clock_mono_ms();

	return poll(&fd, 1, left > 0 ? (int)left : 0) == 1;
}

/* Does write() return at once, room or not? */
static bool
never_blocks(void)
{
	return sink.type == S_IFREG || sink.type == S_IFSOCK || sink.fd != STDERR_FILENO;
}

static ssize_t
write_some(const char *p, size_t n)
{
	return sink.type == S_IFSOCK ? send(sink.fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL)
				     : write(sink.fd, p, n);
}

/* Bytes written; less than n when stderr failed, or had no room until the deadline. */
static size_t
write_all(const char *p, size_t n, int64_t deadline_ms)
{
	size_t done = 0, piece;
	ssize_t w;

	while (done < n) {
		piece = n - done < limit() ? n - done : limit();
		if (!never_blocks() && !has_room(deadline_ms))
			break;
		w = write_some(p + done, piece);
		if (w > 0)
			done += (size_t)w;
		else if (w == 0 || (errno != EINTR && errno != EAGAIN))
			break;
		else if (!has_room(deadline_ms) || clock_mono_ms() > deadline_ms)
			break;
	}
	return done;
}

/* As many whole lines of p as fit the limit, at least one. */
static size_t
whole_lines(const char *p, size_t n)
{
	const char *nl;

	if (n <= limit())
		return n;
	nl = memrchr(p, '\n', limit());
	if (nl == NULL)
		nl = memchr(p, '\n', n);
	return nl == NULL ? n : (size_t)(nl - p) + 1;
}

static size_t
count_lines(const char *p, size_t n)
{
	const char *end = p + n;
	size_t lines = 0;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		lines++;
		p++;
	}
	return lines;
}

size_t
log_sink_write(const char *lines, size_t n)
{
	int64_t deadline_ms = clock_mono_ms() + (sink.stuck ? 0 : LOG_SINK_MS);
	size_t at = 0, piece, done;

	if (!find())
		return count_lines(lines, n);
	if (sink.torn)
		sink.torn = write_all("\n", 1, deadline_ms) != 1;
	while (at < n && !sink.torn) {
		piece = whole_lines(lines + at, n - at);
		done = write_all(lines + at, piece, deadline_ms);
		at += done;
		sink.torn = done > 0 && done < piece && lines[at - 1] != '\n';
		if (done < piece)
			break;
	}
	sink.stuck = at < n;
	return count_lines(lines + at, n - at);
}
