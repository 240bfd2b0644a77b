#include "io/pg_refusal.h"

#include "base/banned.h"

#define STATE_BYTES 5

/* The first that fits. */
static const struct pg_refusal refusals[] = {
	{ "23505", ERR_CONFLICT, MSG_NONE, false, false },
	{ "22", ERR_INPUT, MSG_NONE, false, false },
	{ "23", ERR_INPUT, MSG_NONE, false, false },
	/* serialization failure, deadlock */
	{ "40001", ERR_UPSTREAM, MSG_POSTGRES_REFUSED, true, false },
	{ "40P01", ERR_UPSTREAM, MSG_POSTGRES_REFUSED, true, false },
	/* statement_timeout, or cancelled */
	{ "57014", ERR_UPSTREAM, MSG_NONE, false, false },
	/* shutting down */
	{ "57P", ERR_UNCERTAIN, MSG_NONE, false, true },
	/* connection; also PgBouncer's own */
	{ "08", ERR_UNCERTAIN, MSG_NONE, false, true },
	/* a standby (the primary moved), or default_transaction_read_only */
	{ "25006", ERR_UPSTREAM, MSG_POSTGRES_READ_ONLY, false, true },
	/* disk, memory, connections */
	{ "53", ERR_UPSTREAM, MSG_POSTGRES_FULL, false, false },
	/* lock not available and the like */
	{ "55", ERR_UPSTREAM, MSG_POSTGRES_REFUSED, false, false },
	/* input and output */
	{ "58", ERR_UPSTREAM, MSG_POSTGRES_REFUSED, false, false },
	/* password; right on a table */
	{ "28", ERR_UPSTREAM, MSG_POSTGRES_DENIED, false, true },
	{ "42501", ERR_UPSTREAM, MSG_POSTGRES_DENIED, false, false },
	/* No such table, column, function or schema: it was changed under an open connection, and the
	 * next one says what it has become (pg_schema.h). */
	{ "42P01", ERR_SCHEMA, MSG_SCHEMA_OLDER, false, true },
	{ "42703", ERR_SCHEMA, MSG_SCHEMA_OLDER, false, true },
	{ "42883", ERR_SCHEMA, MSG_SCHEMA_OLDER, false, true },
	{ "3F000", ERR_SCHEMA, MSG_SCHEMA_OLDER, false, true },
	/* no such database, when connecting */
	{ "3D000", ERR_UPSTREAM, MSG_POSTGRES_REFUSED, false, true },
	/* the server's own trouble, such as a damaged file */
	{ "XX", ERR_UPSTREAM, MSG_POSTGRES_REFUSED, false, false },
	{ "", ERR_BUG, MSG_NONE, false, false },
};

const struct pg_refusal *
pg_refusal_of(struct str state)
{
	const struct pg_refusal *r = refusals;

	while (!str_starts(state, str_of(r->state)))
		r++;
	return r;
}

static bool
is_state(struct str s)
{
	size_t i;

	for (i = 0; i < STATE_BYTES; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') ||
			(s.p[i] >= 'A' && s.p[i] <= 'Z')))
			return false;
	return s.p[STATE_BYTES] == ':';
}

struct str
pg_state_in(struct str text)
{
	static const char gap[] = ":  ";
	const char *at;

	while ((at = memmem(text.p, text.n, gap, sizeof(gap) - 1)) != NULL) {
		text = str_skip(text, (size_t)(at - text.p) + sizeof(gap) - 1);
		if (text.n > STATE_BYTES && is_state(text))
			return (struct str){ text.p, STATE_BYTES };
	}
	return STR("");
}
