/*
 * config.h - the settings.                                        layer: base
 *
 * One table in config_table.c: name, kind with unit and range, default, flags, help.
 * It yields loading, --check-config, --dump-config, the env example and the table in
 * README. Sources, the later wins: default, alias, the setting's own name; of the latter two
 * the file (IVS_ENV_FILE, else ./.env of root or of our own user, else /etc/ivs-live/env),
 * then the environment. NAME_FILE reads any SECRET from a file (trailing newline removed).
 * Every problem is reported, not only the first.
 *
 * The struct is read by everyone and changed by nobody. Strings live as long as it.
 * A str that is not set has n == 0.
 */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include <stdio.h>

#include "base/err.h"
#include "base/log.h"
#include "base/messages.h"
#include "base/net.h"
#include "base/str.h"

enum token_mode { TOKEN_MODE_AUTO, TOKEN_MODE_LOCAL, TOKEN_MODE_API };
enum ivs_user_id_mode { IVS_USER_ID_PLAIN, IVS_USER_ID_OPAQUE };
enum ip_mode { IP_FULL, IP_TRUNCATE, IP_NONE };
enum db_ssl_mode { DB_SSL_PREFER, DB_SSL_REQUIRE, DB_SSL_VERIFY_CA, DB_SSL_VERIFY_FULL };
enum ws_auth { WS_AUTH_NONE, WS_AUTH_KEY };
enum environment { ENV_PRODUCTION, ENV_DEVELOPMENT, ENV_TEST };

struct config {
	/* AWS */
	struct str aws_region;
	struct str aws_access_key_id, aws_secret_access_key, aws_session_token;
	struct str aws_account_id; /* default: that of MASTER_STAGE_ARN */
	struct str aws_endpoint_url, aws_endpoint_url_ivs_realtime;
	struct str aws_endpoint_url_cloudwatch; /* both: default aws_endpoint_url */
	struct str master_stage_arn;		/* required */
	bool aws_ignore_configured_endpoint_urls;
	int64_t aws_max_attempts, aws_quota_share_percent;
	/* where keys come from when none are set above (aws/creds) */
	struct str aws_profile, aws_shared_credentials_file;
	struct str aws_container_credentials_relative_uri;
	struct str aws_container_credentials_full_uri;
	struct str aws_container_authorization_token;
	struct str aws_container_authorization_token_file; /* read anew each time */
	bool aws_ec2_metadata_disabled;
	struct str aws_ec2_metadata_service_endpoint;
	int64_t aws_metadata_service_timeout_s, aws_metadata_service_num_attempts;
	/* tokens */
	enum token_mode token_mode; /* never AUTO after loading */
	struct str ivs_signing_key_file, ivs_signing_key_arn;
	enum ivs_user_id_mode ivs_user_id_mode;
	int64_t publisher_token_duration_s, viewer_token_duration_s;
	/* PostgreSQL */
	struct str db_host, db_name, db_user, db_password;
	int64_t db_port;
	bool db_ssl_enabled;
	enum db_ssl_mode db_ssl_mode; /* PREFER exactly when not enabled */
	struct str db_ssl_ca;
	/* Redis */
	struct str redis_host, redis_socket, redis_user, redis_password;
	struct str redis_key_prefix, redis_tls_ca;
	int64_t redis_port, redis_db, redis_timeout_ms;
	bool redis_tls_enabled;
	/* HTTP */
	int64_t api_port;	   /* read by the stack and web server files */
	struct str api_secret_key; /* required; comma list */
	struct str api_read_keys, internal_secret;
	/* A comma list without blanks; the first one signs, and keys opaque user ids. */
	struct str session_secrets;
	struct str cors_origins;
	enum ws_auth ws_auth;
	enum ip_mode ip_mode; /* what is kept of clients' addresses */
	enum lang api_lang;
	int64_t max_body_bytes;
	struct str trusted_proxies_text, rate_limit_exempt_text;
	struct net_list trusted_proxies, rate_limit_exempt;
	int64_t rate_limit_window_ms, rate_limit_max_requests, rate_limit_heartbeats;
	bool skip_auth; /* only ever true in development */
	/* shows */
	int64_t max_viewers_per_stage, scale_up_threshold, scale_down_threshold;
	int64_t max_stages, ivs_max_replicas, heartbeat_timeout_s;
	int64_t ivs_reconnect_window_s;
	int64_t stage_warm_up_s;
	bool auto_scale_enabled;
	struct str stage_name_prefix;
	/* history */
	int64_t snapshot_retention_days;
	int64_t session_retention_days; /* 0 = for ever */
	/* operation */
	enum environment environment;
	struct str environment_name; /* "production", "development", "test" */
	enum log_level log_level;
	struct str cloudwatch_namespace;
	bool cloudwatch_enabled;
	int64_t fcgi_processes;
};

/* A warning or an error found while loading: one complete sentence each. */
typedef void config_report(void *arg, bool fatal, const char *text);

/*
 * Load everything. ERR_CONFIG when any fatal problem was reported (all are
 * reported first). `file` overrides the search when not NULL. Own memory;
 * config_free wipes secrets. environ is read through `envp` (NULL: environ).
 */
bool config_load(const char *file, char **envp, config_report *report, void *arg,
    struct config **ret, struct err *err);
/*
 * For scripts: the sections to which these settings belong, with the values that config_load would
 * give them. None of them is required; members of other sections are not set. What is wrong with
 * settings of these sections is fatal, but what only concerns others than `names` in connection with
 * each other is a warning, and so is what is wrong in a section from which a value follows.
 * ERR_INPUT: a name is none.
 */
bool config_load_some(const char *const *names, size_t n, config_report *report,
    void *arg, struct config **ret, struct err *err);
void config_free(struct config *c);
/* Whether file or environment give it, under any of its names. The name must be a setting. */
bool config_is_given(const struct config *c, const char *name);

/*
 * NAME=value as a line of the file, without its newline: quoted where it must be, a secret as ***.
 * A value that needs quotes and holds both kinds cannot stand in a file: its line is a comment.
 * The name must be a setting.
 */
void config_print_line(const struct config *c, const char *name, FILE *out);
/* All of them, with newlines. */
void config_dump(const struct config *c, FILE *out);
/* How the value alone is written. */
enum config_form {
	CONFIG_PLAIN, /* as it is; a secret as *** */
	CONFIG_SH /* a word of sh, so quoted that any text survives eval; secrets, too */
};
/* Nothing for one that is not set. The name must be a setting. */
void config_print_value(
    const struct config *c, const char *name, enum config_form form, FILE *out);
bool config_is_secret(const char *name);
/* The commented example file and the README table, from the same table of settings. */
void config_print_example(FILE *out);
void config_print_markdown(FILE *out, enum lang lang);

#endif
