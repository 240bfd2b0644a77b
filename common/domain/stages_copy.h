/*
 * stages_copy.h - the copy of the registry in PostgreSQL.          layer: domain
 *
 * So that history can name stages that are gone, and a Redis that was lost can be filled again
 * (domain/restore). Redis decides; the copy follows: one stage right after it changed, all of them
 * with each pass of autoscale and each snapshot.
 */
#ifndef DOMAIN_STAGES_COPY_H
#define DOMAIN_STAGES_COPY_H

#include "domain/stages.h"
#include "io/pg.h"

/* One element of the array stages_copy_write takes. */
json_t *stages_copy_entry(const struct stage *s);

/*
 * Bring the table of stages up to these. whole: they are all there are; others are marked as
 * deleted. Takes the reference of entries. Errors as pg_run.
 */
bool stages_copy_write(struct pg *pg, struct arena *a, json_t *entries, bool whole,
    int64_t timeout_ms, struct err *err);

#endif
