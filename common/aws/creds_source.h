/*
 * creds_source.h - one function for each place that may have keys. layer: aws
 *
 * For creds*.c and their test only. creds.c decides when a source is asked and keeps
 * what it gave; a source only looks.
 */
#ifndef AWS_CREDS_SOURCE_H
#define AWS_CREDS_SOURCE_H

#include <sys/types.h>

#include "aws/creds.h"
#include "io/http.h"

#define CREDS_ID_MAX_BYTES 128
#define CREDS_SECRET_MAX_BYTES 256
#define CREDS_TOKEN_MAX_BYTES 8192
#define CREDS_NEVER INT64_MAX /* no end of life is known */

struct creds_keys {
	struct sigv4_creds sign;
	int64_t expires_ms; /* Unix time, or CREDS_NEVER */
};

enum creds_found {
	CREDS_FOUND,
	CREDS_NONE,  /* nothing there: ask the next source */
	CREDS_FAILED /* there is something, and it is wrong or does not answer */
};

struct creds_source {
	const char *name;
	/* The keys are views into c->scratch or into the settings. For NONE and FAILED
	 * the cause in *why is a piece of a sentence: "no profile 'x' in FILE". */
	enum creds_found (*find)(
	    struct creds *c, struct creds_keys *ret, struct err *why);
	/* Has what was found been overtaken? NULL: it ends at a known time. */
	bool (*changed)(struct creds *c);
	bool renews;
};

enum creds_found creds_from_file(
    struct creds *c, struct creds_keys *ret, struct err *why);
bool creds_file_changed(struct creds *c);
enum creds_found creds_from_container(
    struct creds *c, struct creds_keys *ret, struct err *why);
enum creds_found creds_from_imds(
    struct creds *c, struct creds_keys *ret, struct err *why);

/* Both clocks at one moment: Unix time for lives, the other for pauses. */
struct creds_time {
	int64_t wall_ms, mono_ms;
};

/* What tells one state of the credentials file from another. */
struct creds_file_state {
	int64_t mtime_s, mtime_ns, size;
	ino_t inode;
};

struct creds {
	const struct config *cfg;
	struct creds_time now; /* of the call under way */
	int64_t until_ms;      /* it must be over then, of clock_mono_ms; 0: whenever */
	struct arena scratch;  /* wiped when a look is over */
	struct http *http;     /* NULL except during a look */

	const struct creds_source *used; /* NULL: no keys are held */
	const struct creds_source *lost; /* had keys; they ended or were refused */
	struct creds_keys held;
	struct arena kept;	    /* where held points to */
	int64_t asked_ms, pause_ms; /* the last look, and how long it counts */
	int misses;		    /* looks without keys, one after another */
	int64_t renewed_ms;
	struct err why; /* of the last miss, repeated until the next look */

	struct creds_file_state file; /* as it was when the keys were read */
	char imds_token[1024];
	size_t imds_token_n;
	int64_t imds_token_until_ms; /* mono */
};

/* creds_get and creds_renew at a given time. */
bool creds_get_at(
    struct creds *c, struct creds_time now, struct sigv4_creds *ret, struct err *err);
bool creds_renew_at(struct creds *c, struct creds_time now);

/* Keys with left_ms to live: ask for newer ones now? since_ms: since the last look. */
bool creds_due(int64_t left_ms, int64_t since_ms, int64_t pause_ms);
/* How long a look that gave keys with left_ms to live counts. */
int64_t creds_pause_found(int64_t left_ms);

/* Printable ASCII without blanks, 1..max bytes: fit for a header. */
bool creds_text_ok(struct str s, size_t max);

/*
 * The keys of a profile in the text of a credentials file, views into it. What is not
 * found or wrong is told by *ret_what ("has no keys"), NULL: no such profile.
 */
enum creds_found creds_file_parse(
    struct str text, struct str profile, struct creds_keys *ret, const char **ret_what);

/*
 * Where the container's keys are, as the settings have it; in the arena. FAILED
 * (ERR_CONFIG): plain http to a host that is not of the machine itself.
 */
enum creds_found creds_container_url(
    const struct config *cfg, struct arena *a, struct str *ret, struct err *why);

/*
 * One call, repeated when there was no answer or one of 429 and 5xx, `attempts` in all.
 * True with whatever was answered last. ERR_UPSTREAM: no answer.
 */
bool creds_fetch(struct creds *c, const struct http_request *rq, int64_t attempts,
    struct http_response *ret, struct err *why);
/*
 * The JSON that containers and instances answer, copied into c->scratch.
 * ERR_UPSTREAM: it is something else; nothing of it is in the cause. `who` leads it.
 */
bool creds_read_json(struct creds *c, struct str body, const char *who,
    struct creds_keys *ret, struct err *why);

#endif
