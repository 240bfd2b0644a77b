#include "io/pg_schema.h"

#include "base/parse.h"
#include "gen/schema.h"
#include "base/banned.h"

#define N_KNOWN (sizeof(schema_versions) / sizeof(*schema_versions))
#define NEWEST (schema_versions[N_KNOWN - 1])

static bool
older(int64_t has, struct err *err)
{
	return err_tell_from(err, ERR_FROM_POSTGRES, ERR_SCHEMA, MSG_SCHEMA_OLDER,
	    "postgres: the schema is older (%lld) than this program (%d): run "
	    "deploy/migrate",
	    (long long)has, NEWEST);
}

static bool
foreign(struct str tables, struct err *err)
{
	return err_tell_from(err, ERR_FROM_POSTGRES, ERR_SCHEMA, MSG_SCHEMA_FOREIGN,
	    "postgres: the database is that of another program (it has %.*s): set DB_NAME "
	    "to a database of its own and run deploy/migrate",
	    STR_ARG(tables));
}

static bool
newer(int64_t version, int64_t serves, struct err *err)
{
	return err_tell_from(err, ERR_FROM_POSTGRES, ERR_SCHEMA, MSG_SCHEMA_NEWER,
	    "postgres: the schema is newer (%lld, for programs from %lld on) than this "
	    "program (%d): upgrade it; deploy/migrate has been run by a later version",
	    (long long)version, (long long)serves, NEWEST);
}

static bool
knows(int64_t version)
{
	size_t i;

	for (i = 0; i < N_KNOWN; i++)
		if (schema_versions[i] == version)
			return true;
	return false;
}

/* Another program may keep a list of the same name. */
static bool
is_ours(const struct pg_rows *m)
{
	size_t i;

	for (i = 0; i < m->rows; i++)
		if (pg_int(m, i, 0, 0) == 1 && str_is(pg_cell(m, i, 1), "initial"))
			return true;
	return false;
}

static bool
has_all(const struct pg_rows *m, int64_t *ret_newest)
{
	size_t i, found = 0;

	*ret_newest = 0;
	for (i = 0; i < m->rows; i++) {
		int64_t version = pg_int(m, i, 0, 0);

		found += knows(version);
		*ret_newest = version > *ret_newest ? version : *ret_newest;
	}
	return found == N_KNOWN;
}

bool
pg_schema_fits(const struct pg_rows *tables, const struct pg_rows *m, struct err *err)
{
	struct str names = pg_cell(tables, 0, 1);
	int64_t newest, version, serves;
	size_t i;

	if (m->rows > 0 && !is_ours(m))
		return foreign(STR("schema_migrations"), err);
	if (m->rows == 0 && names.n > 0)
		return foreign(names, err);
	if (!has_all(m, &newest))
		return older(newest, err);
	for (i = 0; i < m->rows; i++) {
		version = pg_int(m, i, 0, 0);
		serves = pg_int(m, i, 2, version);
		if (!knows(version) && serves > NEWEST)
			return newer(version, serves, err);
	}
	return true;
}

bool
pg_schema_is_listed(const struct pg_rows *tables, struct err *err)
{
	struct str names = pg_cell(tables, 0, 1);

	if (str_is(pg_cell(tables, 0, 0), "t"))
		return true;
	return names.n > 0 ? foreign(names, err) : older(0, err);
}
