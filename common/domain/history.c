#include "domain/history.h"

#include "base/banned.h"

#define READ_MS 3000
#define SLOT_S 300
#define HOUR_S 3600

bool
history_read(struct pg *pg, struct arena *a, struct str stage_arn, int64_t hours,
    struct history_points *ret, struct err *err)
{
	int64_t step_s = hours > HISTORY_FINE_HOURS_MAX ? HOUR_S : SLOT_S;
	struct str params[] = { stage_arn.n > 0 ? stage_arn : STR_NULL,
		str_printf(a, "%lld", (long long)hours),
		str_printf(a, "%lld", (long long)step_s) };
	struct pg_rows rows;
	size_t i;

	if (!pg_run(pg, a, Q_STATS_HISTORY, params, 3, READ_MS, &rows, err))
		return err_while(err, "reading the numbers of the last hours");
	ret->n = rows.rows;
	ret->v = arena_alloc(a, (rows.rows + 1) * sizeof(*ret->v));
	for (i = 0; i < rows.rows; i++)
		ret->v[i] = (struct history_point){ .at_ms = pg_int(&rows, i, 0, 0),
			.viewers = pg_int(&rows, i, 1, 0),
			.peak = pg_int(&rows, i, 2, 0) };
	return true;
}
