/* records_check() of domain/records.h. */
#include "domain/records.h"
#include "base/banned.h"

bool
records_newest(struct pg *pg, struct arena *a, int64_t timeout_ms, struct str *ret_id,
    struct err *err)
{
	struct pg_rows rows;
	int64_t pos;

	if (!pg_run(pg, a, Q_RESTORE_NEWEST, NULL, 0, timeout_ms, &rows, err))
		return err_while(err, "reading the newest record");
	pos = pg_int(&rows, 0, 0, -1);
	*ret_id = STR("");
	if (pos >= 0)
		*ret_id = str_printf(a, "%lld-%lld", (long long)(pos / RECORDS_POSITIONS),
		    (long long)(pos % RECORDS_POSITIONS));
	return true;
}

bool
records_check(struct redis *r, struct pg *pg, struct arena *a, int64_t timeout_ms,
    bool *ret_forgot, struct err *err)
{
	struct redis_call c, *one = &c;
	struct str newest;

	*ret_forgot = false;
	if (redis_is_compared(r))
		return true;
	if (!records_newest(pg, a, timeout_ms, &newest, err))
		return false;
	redis_call_init(&c, a, SCRIPT_RECORDS_CHECK);
	redis_arg(&c, newest);
	if (!redis_run(r, &one, 1, err))
		return err_while(err, "comparing Redis with PostgreSQL");
	/* COLD is an answer here: the connection has noted it. */
	if (reply_is_cold(c.reply))
		*ret_forgot = reply_int(c.reply, 1) == 0;
	else if (!redis_reply_ok(c.reply, err))
		return err_while(err, "comparing Redis with PostgreSQL");
	redis_set_compared(r, true);
	return true;
}
