#include "domain/signing_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define MARK "# ivs-live key: "
#define HEAD_BYTES 1024
#define TEXT_BYTES (sizeof(MARK) + ARN_MAX_BYTES + 1 + ES384_PEM_BYTES)

static bool
failed(struct err *err, const char *what, const char *path)
{
	return err_set(err, errno == EEXIST ? ERR_CONFLICT : ERR_CONFIG,
	    "cannot %s '%s': %s", what, path, strerror(errno));
}

/* ---- read ---- */

/* Of several lines the first counts. */
static bool
arn_find(const char *head, const char *path, char ret[ARN_MAX_BYTES + 1], struct err *err)
{
	struct str rest = str_of(head), line;
	struct arn parts;

	ret[0] = '\0';
	while (rest.n > 0) {
		line = str_cut(&rest, '\n');
		if (!str_starts(line, STR(MARK)))
			continue;
		line = str_trim(str_skip(line, sizeof(MARK) - 1));
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		if (!arn_parse(line, STR("public-key"), &parts))
			return err_set(err, ERR_CONFIG,
			    "the line '" MARK "...' in '%s' holds no ARN of a public "
			    "key: remove it, then ivsctl signing-key import",
			    path);
		memcpy(ret, line.p, line.n);
		ret[line.n] = '\0';
		return true;
	}
	return true;
}

bool
signing_file_read(const char *path, struct signing_file *ret, struct err *err)
{
	char head[HEAD_BYTES], why[200];
	struct signing_file f;

	f.key = es384_load(path, head, sizeof(head), why, sizeof(why));
	if (f.key == NULL)
		return err_set(err, ERR_CONFIG, "%s", why);
	if (!arn_find(head, path, f.arn, err)) {
		es384_free(f.key);
		return false;
	}
	*ret = f;
	return true;
}

void
signing_file_free(struct signing_file *f)
{
	es384_free(f->key);
	f->key = NULL;
}

/* ---- write ---- */

/* 0: no memory. */
static size_t
text_make(const struct es384_key *key, const char *arn, char out[TEXT_BYTES])
{
	char pem[ES384_PEM_BYTES];
	int n;

	if (!es384_private_pem(key, pem)) {
		errno = ENOMEM;
		return 0;
	}
	n = snprintf(out, TEXT_BYTES, "%s%s%s%s", arn[0] ? MARK : "", arn,
	    arn[0] ? "\n" : "", pem);
	crypto_wipe(pem, sizeof(pem));
	INVARIANT(n > 0 && (size_t)n < TEXT_BYTES);
	return (size_t)n;
}

static bool
write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

/* Who runs ivsctl as root must not take the file away from the programs. */
static bool
owner_like(int fd, const char *like)
{
	struct stat st;

	if (like == NULL || geteuid() != 0 || stat(like, &st) != 0)
		return true;
	return fchown(fd, st.st_uid, st.st_gid) == 0;
}

static bool
fill(int fd, const struct es384_key *key, const char *arn, const char *like)
{
	char text[TEXT_BYTES];
	size_t n = text_make(key, arn, text);
	bool ok;

	/* The umask may have taken too much. */
	ok = n > 0 && fchmod(fd, 0600) == 0 && owner_like(fd, like) &&
	     write_all(fd, text, n) && fsync(fd) == 0;
	crypto_wipe(text, sizeof(text));
	return ok;
}

/* A name is on the disk when its folder is. */
static bool
folder_sync(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX] = ".";
	int fd;
	bool ok;

	if (slash != NULL)
		snprintf(folder, sizeof(folder), "%.*s",
		    slash == path ? 1 : (int)(slash - path), path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return failed(err, "open folder", folder);
	ok = fsync(fd) == 0 || failed(err, "write folder", folder);
	close(fd);
	return ok;
}

bool
signing_file_make(const char *path, const struct es384_key *key, const char *arn,
    const char *like, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok;

	if (fd < 0)
		return failed(err, "create", path);
	ok = fill(fd, key, arn, like) || failed(err, "write", path);
	ok = (close(fd) == 0 || failed(err, "write", path)) && ok;
	if (!ok)
		unlink(path);
	return ok && folder_sync(path, err);
}

bool
signing_file_move(const char *from, const char *to, struct err *err)
{
	if (rename(from, to) != 0)
		return failed(err, "replace", to);
	return folder_sync(to, err);
}

bool
signing_file_replace(
    const char *path, const struct es384_key *key, const char *arn, struct err *err)
{
	char temp[PATH_MAX];
	int n = snprintf(temp, sizeof(temp), "%s.tmp", path);

	if (n < 0 || (size_t)n >= sizeof(temp))
		return err_set(err, ERR_CONFIG, "the path '%s' is too long", path);
	unlink(temp); /* of a run that was killed */
	if (!signing_file_make(temp, key, arn, path, err))
		return false;
	if (signing_file_move(temp, path, err))
		return true;
	unlink(temp);
	return false;
}
