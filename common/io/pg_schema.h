/*
 * pg_schema.h - is the database that of this program?             layer: io
 *
 * deploy/migrate keeps in schema_migrations which migrations have run, and for each the oldest
 * programs that still work after it (a program's version is its newest migration). A database fits
 * when it has had every migration this program knows, and each later one says that it still serves
 * this program. Private to io/pg*.c.
 */
#ifndef IO_PG_SCHEMA_H
#define IO_PG_SCHEMA_H

#include "io/pg.h"

/* tables: the result of Q_SCHEMA_TABLES. Is there a list of migrations? ERR_SCHEMA: no; the database
 * is empty, or that of another program, by err->tell. */
bool pg_schema_is_listed(const struct pg_rows *tables, struct err *err);

/* migrations: the result of Q_SCHEMA. ERR_SCHEMA: older, newer or foreign, by err->tell. An empty list
 * beside tables with the names of ours is foreign: no migration has made them. */
bool pg_schema_fits(
    const struct pg_rows *tables, const struct pg_rows *migrations, struct err *err);

#endif
