#include "io/pg_result.h"

#include <stdlib.h>

#include "base/banned.h"

bool
pg_result_is_good(const PGresult *res)
{
	ExecStatusType status = PQresultStatus(res);

	return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

void
pg_result_rows(struct arena *a, PGresult *res, struct pg_rows *ret)
{
	size_t rows = (size_t)PQntuples(res), cols = (size_t)PQnfields(res), i;
	struct pg_rows r = { .rows = rows, .cols = cols };
	const char *affected = PQcmdTuples(res);

	r.cell = arena_alloc(a, rows * cols * sizeof(*r.cell));
	for (i = 0; i < rows * cols; i++) {
		int row = (int)(i / cols), col = (int)(i % cols);
		struct str s = { PQgetvalue(res, row, col),
			(size_t)PQgetlength(res, row, col) };

		r.cell[i] = PQgetisnull(res, row, col) ? STR_NULL : str_dup(a, s);
	}
	r.affected = strtoll(affected, NULL, 10);
	*ret = r;
}

static const char *
field(const PGresult *res, int code)
{
	const char *text = PQresultErrorField(res, code);

	return text != NULL ? text : "";
}

const char *
pg_result_state(const PGresult *res)
{
	return field(res, PG_DIAG_SQLSTATE);
}

/* Statement and SQLSTATE. The server's sentence may quote the data (class 22): not that. */
bool
pg_result_error(
    enum query q, const struct pg_refusal *why, const PGresult *res, struct err *err)
{
	const char *state = field(res, PG_DIAG_SQLSTATE);

	if (why->kind == ERR_INPUT || why->kind == ERR_CONFLICT)
		return err_from(err, ERR_FROM_POSTGRES, why->kind,
		    "postgres: %s: SQLSTATE %s%s%s%s%s", query_texts[q].name, state,
		    *field(res, PG_DIAG_COLUMN_NAME) != '\0' ? ", column " : "",
		    field(res, PG_DIAG_COLUMN_NAME),
		    *field(res, PG_DIAG_CONSTRAINT_NAME) != '\0' ? ", constraint " : "",
		    field(res, PG_DIAG_CONSTRAINT_NAME));
	return err_tell_from(err, ERR_FROM_POSTGRES, why->kind, why->tell,
	    "postgres: %s: SQLSTATE %s: %s%s", query_texts[q].name, state,
	    field(res, PG_DIAG_MESSAGE_PRIMARY),
	    why->kind == ERR_SCHEMA ? ": run deploy/migrate" : "");
}
