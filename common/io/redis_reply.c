#include "io/redis_reply.h"

#include "io/redis_refusal.h"
#include "base/banned.h"

/* hiredis 1.0 changed the type of an array's length. */
#if HIREDIS_MAJOR >= 1
typedef size_t reply_count;
#else
typedef int reply_count;
#endif

/* hiredis 0.14 takes no more levels of arrays in arrays than this; later versions have no limit. */
#define DEPTH_MAX 8

/*
 * Every connection speaks RESP2. hiredis 1.0 and later read the types of RESP3 as well, even when
 * nobody asked for them: those are refused here.
 */
static bool
is_resp2(const redisReadTask *task)
{
	switch (task->type) {
	case REDIS_REPLY_STRING:
	case REDIS_REPLY_STATUS:
	case REDIS_REPLY_ERROR:
	case REDIS_REPLY_INTEGER:
	case REDIS_REPLY_NIL:
	case REDIS_REPLY_ARRAY:
		return true;
	default:
		return false;
	}
}

static bool
too_deep(const redisReadTask *task)
{
	size_t depth = 0;

	while ((task = task->parent) != NULL)
		depth++;
	return depth >= DEPTH_MAX;
}

static struct reply *
reply_new(const redisReadTask *task, enum reply_type type)
{
	struct reply *r = arena_zalloc(task->privdata, sizeof(*r));
	struct reply *parent;

	r->type = type;
	if (task->parent != NULL) {
		parent = task->parent->obj;
		parent->v[task->idx] = r;
	}
	return r;
}

static void *
new_string(const redisReadTask *task, char *p, size_t n)
{
	struct reply *r;

	/* NULL makes the reader give up: a reply that no request can hold. */
	if (!is_resp2(task) || n > arena_room(task->privdata) / 2)
		return NULL;
	r = reply_new(task, task->type == REDIS_REPLY_ERROR ? REPLY_ERROR : REPLY_STR);
	r->s.p = arena_strndup(task->privdata, p, n);
	r->s.n = n;
	return r;
}

static void *
new_array(const redisReadTask *task, reply_count n)
{
	struct reply *r;

	if (!is_resp2(task) || too_deep(task))
		return NULL;
	if ((size_t)n > arena_room(task->privdata) / (4 * sizeof(*r)))
		return NULL;
	r = reply_new(task, REPLY_ARRAY);
	r->n = (size_t)n;
	r->v = arena_zalloc(task->privdata, (r->n + 1) * sizeof(*r->v));
	return r;
}

static void *
new_integer(const redisReadTask *task, long long i)
{
	struct reply *r = reply_new(task, REPLY_INT);

	r->i = i;
	return r;
}

static void *
new_nil(const redisReadTask *task)
{
	return reply_new(task, REPLY_NIL);
}

#if HIREDIS_MAJOR >= 1
static void *
no_double(const redisReadTask *task, double d, char *p, size_t n)
{
	(void)task, (void)d, (void)p, (void)n;
	return NULL;
}

static void *
no_bool(const redisReadTask *task, int b)
{
	(void)task, (void)b;
	return NULL;
}
#endif

/* The arena frees. */
static void
free_nothing(void *obj)
{
	(void)obj;
}

static redisReplyObjectFunctions functions = {
	.createString = new_string,
	.createArray = new_array,
	.createInteger = new_integer,
	.createNil = new_nil,
#if HIREDIS_MAJOR >= 1
	.createDouble = no_double,
	.createBool = no_bool,
#endif
	.freeObject = free_nothing,
};

redisReader *
reply_reader_new(void)
{
	return redisReaderCreateWithFunctions(&functions);
}

static const struct reply *
reply_at(const struct reply *r, size_t i)
{
	return r != NULL && r->type == REPLY_ARRAY && i < r->n ? r->v[i] : NULL;
}

struct str
reply_str(const struct reply *r, size_t i)
{
	const struct reply *e = reply_at(r, i);

	return e != NULL && e->type == REPLY_STR ? e->s : STR("");
}

int64_t
reply_int(const struct reply *r, size_t i)
{
	const struct reply *e = reply_at(r, i);

	return e != NULL && e->type == REPLY_INT ? e->i : 0;
}

bool
reply_is_cold(const struct reply *r)
{
	return str_is(reply_str(r, 0), "COLD");
}

static struct reply *
word_new(struct arena *a, struct str word)
{
	struct reply *r = arena_zalloc(a, sizeof(*r));

	*r = (struct reply){ .type = REPLY_STR, .s = word };
	return r;
}

struct reply *
reply_cold_new(struct arena *a, bool waits_for_postgres)
{
	struct reply *r = arena_zalloc(a, sizeof(*r));

	r->type = REPLY_ARRAY;
	r->n = waits_for_postgres ? 2 : 1;
	r->v = arena_zalloc(a, 2 * sizeof(*r->v));
	r->v[0] = word_new(a, STR("COLD"));
	r->v[1] = word_new(a, STR("postgres"));
	return r;
}

/* The second element names the store that the loading waits for (reply_cold_new). */
static bool
cold(const struct reply *r, struct err *err)
{
	if (str_is(reply_str(r, 1), "postgres"))
		return err_tell_from(err, ERR_FROM_POSTGRES, ERR_UPSTREAM,
		    MSG_RESTORE_WAITS,
		    "redis has no state, and PostgreSQL, which has it, cannot be read");
	return err_tell_from(err, ERR_FROM_REDIS, ERR_UPSTREAM, MSG_REDIS_COLD,
	    "redis has no state: it is loaded from PostgreSQL");
}

static bool
refused(const struct reply *r, struct err *err)
{
	struct redis_refusal f = redis_refusal_of(r);
	bool first = str_starts(r->s, f.word);

	if (f.ours)
		return err_from(err, ERR_FROM_REDIS, ERR_BUG,
		    "redis: a script failed: %.*s", STR_ARG(r->s));
	return err_tell_from(err, ERR_FROM_REDIS, ERR_UPSTREAM, f.tell,
	    "redis refused: %.*s%s%.*s", (int)(first ? 0 : f.word.n), f.word.p,
	    first ? "" : ": ", STR_ARG(r->s));
}

bool
redis_reply_ok(const struct reply *r, struct err *err)
{
	if (r == NULL)
		return err_set(err, ERR_BUG, "no reply from redis");
	if (reply_is_cold(r))
		return cold(r, err);
	if (str_is(reply_str(r, 0), "STALE"))
		return err_tell_from(err, ERR_FROM_REDIS, ERR_UPSTREAM, MSG_STALE,
		    "redis: no program has refreshed the viewers for over ten seconds");
	return r->type != REPLY_ERROR || refused(r, err);
}
