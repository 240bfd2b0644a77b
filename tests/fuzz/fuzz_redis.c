/* What Redis answers: hiredis' reader with our builders, fed in pieces. */
#include "fuzz.h"

#include "domain/stages.h"
#include "io/redis_reply.h"
#include "base/banned.h"

/* A whole tree: no element is missing, texts end with a NUL that is not counted. */
static void
tree_is_sound(const struct reply *r, size_t depth)
{
	size_t i;

	PROPERTY(r != NULL && depth <= 8);
	if (r->type == REPLY_STR || r->type == REPLY_ERROR)
		PROPERTY(r->s.p != NULL && r->s.p[r->s.n] == '\0');
	for (i = 0; r->type == REPLY_ARRAY && i < r->n; i++)
		tree_is_sound(r->v[i], depth + 1);
	PROPERTY(reply_str(r, r->n).n == 0 && reply_int(r, SIZE_MAX) == 0);
}

static void
used(struct arena *a, const struct reply *r)
{
	struct err err = ERR_INIT;
	struct show show;

	tree_is_sound(r, 0);
	if (!redis_reply_ok(r, &err)) {
		PROPERTY(r->type == REPLY_ERROR || err.tell == MSG_REDIS_COLD ||
			 err.tell == MSG_RESTORE_WAITS);
		PROPERTY(err.source == ERR_FROM_REDIS || err.tell == MSG_RESTORE_WAITS);
		PROPERTY(err.cause[0] != '\0');
		return;
	}
	stages_show_answer(fuzz_config(), r, a, &show);
	PROPERTY(show.n_stages <= r->n + 1);
}

/* The first byte: how long the pieces are. */
void
fuzz_one(struct arena *a, struct str in)
{
	size_t piece = in.n > 0 ? (unsigned char)in.p[0] + 1u : 1, n;
	redisReader *reader = reply_reader_new();
	void *reply = NULL;
	int ok = REDIS_OK;

	PROPERTY(reader != NULL);
	reader->privdata = a;
	in = str_skip(in, 1);
	while (in.n > 0 && ok == REDIS_OK) {
		n = piece < in.n ? piece : in.n;
		ok = redisReaderFeed(reader, in.p, n);
		in = str_skip(in, n);
		while (ok == REDIS_OK) {
			ok = redisReaderGetReply(reader, &reply);
			if (ok != REDIS_OK || reply == NULL)
				break;
			used(a, reply);
			if (arena_room(a) < (4u << 20))
				in = STR_NULL;
		}
	}
	redisReaderFree(reader);
}
