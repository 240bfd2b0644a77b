/* What the replaced server knew and this one does not. */
#include "base/config_private.h"

#include "base/banned.h"

#define NO_POOL "each process holds one connection: limit them with FCGI_PROCESSES"
#define TO_STDERR "the log goes to stderr: let the supervisor keep and rotate it"
#define FIXED "the schedule is in deploy/crontab"
#define OWN_MEDIA                                                                        \
	"a media server has settings of its own; its tokens come from "                  \
	"POST /api/token/mediaserver"
#define RECORDING "recordings and their delivery are set up at AWS"
#define ALARMS                                                                           \
	"set alarms on the metrics: those of CLOUDWATCH_NAMESPACE, or of GET /metrics"
#define COSTS "have costs watched by AWS Budgets"
#define WEB_SITE "it belongs to the web site: keep it in the settings of that"

const struct config_retired config_retired[] = {
	{ "DB_POOL_MAX", NO_POOL },
	{ "DB_POOL_MIN", NO_POOL },
	{ "DB_IDLE_TIMEOUT_MS", NO_POOL },
	{ "DB_CONNECTION_TIMEOUT_MS", NO_POOL },
	{ "REDIS_CLUSTER_ENABLED", "give REDIS_KEY_PREFIX a hash tag, as {ivs:prod}:" },
	{ "REDIS_URL", "set REDIS_HOST, REDIS_PORT and REDIS_PASSWORD" },
	{ "DATABASE_URL", "set DB_HOST, DB_PORT, DB_NAME, DB_USER and DB_PASSWORD" },
	{ "PORT", "set API_PORT" },
	{ "HOST", "the web server's own settings say where it listens" },
	{ "API_HOST", "the web server's own settings say where it listens" },
	{ "API_VERSION", "remove it" },
	{ "API_BASE_URL", "remove it" },
	{ "WS_PORT", "the WebSocket is served at /ws on API_PORT" },
	{ "WS_PATH", "the WebSocket is served at /ws" },
	{ "JWT_SECRET", "set SESSION_SECRET" },
	{ "JWT_EXPIRES_IN", "set VIEWER_TOKEN_DURATION and PUBLISHER_TOKEN_DURATION" },
	{ "DB_POOL_SIZE", NO_POOL },
	{ "REDIS_POOL_SIZE", NO_POOL },
	{ "API_WORKERS", "set FCGI_PROCESSES" },
	{ "REQUEST_TIMEOUT",
	    "set the time limits of the web server; here each call has one of its own" },
	{ "DEBUG", "set LOG_LEVEL=debug" },
	{ "ENABLE_DETAILED_LOGGING", "set LOG_LEVEL=debug" },
	{ "LOG_FILE", TO_STDERR },
	{ "LOG_DIR", TO_STDERR },
	{ "LOG_FORMAT", TO_STDERR },
	{ "LOG_MAX_SIZE", TO_STDERR },
	{ "LOG_MAX_FILES", TO_STDERR },
	{ "CLOUDWATCH_LOG_GROUP", TO_STDERR },
	{ "CLOUDWATCH_LOG_STREAM_PREFIX", TO_STDERR },
	{ "ENABLE_MONITORING", "set CLOUDWATCH_ENABLED; GET /metrics is always there" },
	{ "SNS_ALERT_TOPIC_ARN", ALARMS },
	{ "ALERT_HIGH_VIEWER_COUNT", ALARMS },
	{ "ALERT_HIGH_CPU_PERCENT", ALARMS },
	{ "ALERT_HIGH_MEMORY_PERCENT", ALARMS },
	{ "ALERT_HIGH_DAILY_COST", COSTS },
	{ "DAILY_COST_LIMIT", COSTS },
	{ "HOURLY_COST_LIMIT", COSTS },
	{ "ENABLE_COST_ALERTS", COSTS },
	{ "MEDIA_SERVER_PORT", OWN_MEDIA },
	{ "MEDIA_SERVER_WS_PORT", OWN_MEDIA },
	{ "MEDIA_SERVER_ID", OWN_MEDIA },
	{ "S3_BUCKET_NAME", RECORDING },
	{ "S3_REGION", RECORDING },
	{ "CLOUDFRONT_DISTRIBUTION_ID", RECORDING },
	{ "ENABLE_RECORDING", RECORDING },
	{ "ENABLE_CHAT", "there is no chat here" },
	{ "ENABLE_ANALYTICS",
	    "the history is always kept: set SESSION_RETENTION_DAYS and "
	    "SNAPSHOT_RETENTION_DAYS" },
	{ "ENABLE_AUTO_SCALING", "set AUTO_SCALE_ENABLED" },
	{ "ENABLE_MOCK_MODE",
	    "deploy/stack emulates AWS; elsewhere set AWS_ENDPOINT_URL" },
	{ "ENABLE_HOT_RELOAD", "programs are restarted: remove it" },
	{ "NEXT_PUBLIC_*", WEB_SITE },
	{ "SNAPSHOT_INTERVAL", FIXED },
	{ "HEARTBEAT_INTERVAL", FIXED },
	{ "METRICS_INTERVAL", FIXED },
	{ "AUTO_SCALE_INTERVAL", FIXED },
	{ "STAGE_WARMUP_TIME", "a stage takes viewers as soon as it has a picture" },
	{ "NODE_OPTIONS", "remove it" },
	{ "TZ", "all times are UTC" },
	{ "AWS_RETRY_MODE", "it is always standard" },
	{ "IVS_ENV_FILE", "it is read from the environment only" },
};
const size_t config_retired_count = sizeof(config_retired) / sizeof(*config_retired);
