/*
 * pg_env.h - keep libpq's own environment variables out of the way.   layer: io
 *
 * libpq takes whatever a caller does not say from PG* variables: PGHOSTADDR and PGSERVICE lead
 * to another server although DB_HOST is set, PGOPTIONS and PGTARGETSESSIONATTRS to another
 * session. DB_* decide here; PGSSLROOTCERT stays, as the manual says (DB_SSL_CA).
 * PostgreSQL, libpq, "Environment Variables".
 */
#ifndef IO_PG_ENV_H
#define IO_PG_ENV_H

/* Take them out of this process's environment. To be called before the first connection. */
void pg_env_clear(void);

#endif
