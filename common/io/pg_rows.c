#include "base/parse.h"
#include "io/pg.h"
#include "base/banned.h"

struct str
pg_cell(const struct pg_rows *r, size_t row, size_t col)
{
	if (row >= r->rows || col >= r->cols)
		return STR_NULL;
	return r->cell[row * r->cols + col];
}

int64_t
pg_int(const struct pg_rows *r, size_t row, size_t col, int64_t if_none)
{
	int64_t n = if_none;

	(void)parse_i64(pg_cell(r, row, col), INT64_MIN, INT64_MAX, &n);
	return n;
}
