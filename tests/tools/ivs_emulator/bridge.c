/* bridge.c - see bridge.h */
#include "bridge.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ids.h"
#include "js.h"

#define TRIES 2
#define TIMEOUT_MS 5000
#define QUEUE_MAX 10000

struct bridge {
	const struct settings *settings;
	pthread_t thread;
	pthread_mutex_t lock; /* all below but closing */
	pthread_cond_t filled;
	json_t *to;    /* what bridge_set() was given */
	json_t *queue; /* events to send, oldest first */
	json_int_t sent, failed, lost;
	atomic_bool closing;
};

/* Events of the API and their names here. Of a replication only the source tells. */
static const struct kind {
	const char *event;
	const char *name;
	bool of_replication;
} kinds[] = {
	{ "PUBLISH_STARTED", "Participant Published", false },
	{ "PUBLISH_STOPPED", "Participant Unpublished", false },
	{ "REPLICATION_STARTED", "Participant Replication Start", true },
	{ "REPLICATION_STOPPED", "Participant Replication End", true },
};

static const struct kind *
find_kind(const json_t *event)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (js_is(event, "name", kinds[i].event))
			return &kinds[i];
	return NULL;
}

static void
copy_as(json_t *to, const char *name, const json_t *from, const char *member)
{
	if (json_object_get(from, member) != NULL)
		js_set_text(to, name, js_text(from, member));
}

static json_t *
make_detail(const struct kind *kind, const char *session_id, const json_t *shown,
    const json_t *event)
{
	const char *precise = js_text(event, "eventTime");
	json_t *detail;

	/* clang-format off */
	detail = json_pack("{s:s, s:s, s:s, s:o}",
	    "session_id", session_id,
	    "event_name", kind->name,
	    "participant_id", js_text(shown, "participantId"),
	    "event_time", json_sprintf("%.19sZ", precise));
	/* clang-format on */
	copy_as(detail, "user_id", shown, "userId");
	if (kind->of_replication) {
		copy_as(detail, "destination_stage_arn", event, "destinationStageArn");
		copy_as(detail, "destination_session_id", event, "destinationSessionId");
		return detail;
	}
	js_set_text(detail, "event_time_precise", precise);
	js_set_bool(detail, "replica", js_true(event, "replica"));
	if (js_true(event, "replica")) {
		copy_as(detail, "source_stage_arn", shown, "sourceStageArn");
		copy_as(detail, "source_session_id", shown, "sourceSessionId");
	}
	return detail;
}

static json_t *
make_event(
    const struct settings *s, const char *stage_arn, const char *time, json_t *detail)
{
	char id[37];

	ids_request(id);
	/* clang-format off */
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:[s], s:o}",
	    "version", "0",
	    "id", id,
	    "detail-type", "IVS Stage Update",
	    "source", "aws.ivs",
	    "account", s->account,
	    "time", json_sprintf("%.19sZ", time),
	    "region", s->region,
	    "resources", stage_arn,
	    "detail", detail);
	/* clang-format on */
}

static bool
is_unlucky(json_int_t percent)
{
	return percent > 0 && random() % 100 < percent;
}

void
bridge_tell(struct bridge *br, const char *stage_arn, const char *session_id,
    const json_t *shown, const json_t *event)
{
	const struct kind *kind = find_kind(event);

	if (kind == NULL || (kind->of_replication && js_true(event, "replica")))
		return;
	pthread_mutex_lock(&br->lock);
	if (*js_text(br->to, "url") == '\0') {
		/* nobody listens */
	} else if (is_unlucky(js_int(br->to, "lossPercent")) ||
		   json_array_size(br->queue) >= QUEUE_MAX) {
		br->lost++;
	} else {
		json_array_append_new(br->queue,
		    make_event(br->settings, stage_arn, js_text(event, "eventTime"),
			make_detail(kind, session_id, shown, event)));
		pthread_cond_signal(&br->filled);
	}
	pthread_mutex_unlock(&br->lock);
}

static struct curl_slist *
make_headers(const json_t *to)
{
	struct curl_slist *list =
	    curl_slist_append(NULL, "Content-Type: application/json");
	const char *name;
	json_t *value;
	char *line;

	json_object_foreach (json_object_get(to, "headers"), name, value) {
		if (asprintf(&line, "%s: %s", name, json_string_value(value)) < 0)
			abort();
		list = curl_slist_append(list, line);
		free(line);
	}
	return list;
}

static size_t
ignore_body(char *data, size_t size, size_t n, void *arg)
{
	(void)data, (void)arg;
	return size * n;
}

static int
stop_when_closing(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct bridge *br = arg;

	(void)a, (void)b, (void)c, (void)d;
	return atomic_load(&br->closing);
}

/* One try. */
static bool
post(struct bridge *br, const json_t *to, const char *text)
{
	struct curl_slist *headers = make_headers(to);
	CURL *c = curl_easy_init();
	long status = 0;

	if (c == NULL)
		abort();
	curl_easy_setopt(c, CURLOPT_URL, js_text(to, "url"));
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, text);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, ignore_body);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, stop_when_closing);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, br);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	if (curl_easy_perform(c) == CURLE_OK)
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(c);
	curl_slist_free_all(headers);
	return status >= 200 && status < 300;
}

static bool
deliver(struct bridge *br, const json_t *to, const json_t *event)
{
	char *text = json_dumps(event, JSON_COMPACT);
	bool done = false;

	for (int i = 0; i < TRIES && !done && !atomic_load(&br->closing); i++)
		done = post(br, to, text);
	free(text);
	return done;
}

/* Called with the lock, which is given back while the event travels. */
static void
send_first(struct bridge *br)
{
	json_t *event = json_incref(json_array_get(br->queue, 0));
	json_t *to = json_incref(br->to);
	bool done;

	json_array_remove(br->queue, 0);
	pthread_mutex_unlock(&br->lock);
	done = deliver(br, to, event);
	pthread_mutex_lock(&br->lock);
	if (to == br->to) { /* else the counts are of another target */
		br->sent += done;
		br->failed += !done;
	}
	json_decref(event);
	json_decref(to);
}

static void *
run(void *arg)
{
	struct bridge *br = arg;

	pthread_mutex_lock(&br->lock);
	while (!atomic_load(&br->closing)) {
		if (json_array_size(br->queue) == 0)
			pthread_cond_wait(&br->filled, &br->lock);
		else
			send_first(br);
	}
	pthread_mutex_unlock(&br->lock);
	return NULL;
}

struct bridge *
bridge_open(const struct settings *s)
{
	struct bridge *br = calloc(1, sizeof(*br));

	if (br == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		abort();
	br->settings = s;
	br->to = json_object();
	br->queue = json_array();
	atomic_init(&br->closing, false);
	pthread_mutex_init(&br->lock, NULL);
	pthread_cond_init(&br->filled, NULL);
	if (pthread_create(&br->thread, NULL, run, br) == 0)
		return br;
	fputs("ivs_emulator: cannot start a thread\n", stderr);
	json_decref(br->to);
	json_decref(br->queue);
	free(br);
	return NULL;
}

void
bridge_close(struct bridge *br)
{
	if (br == NULL)
		return;
	pthread_mutex_lock(&br->lock);
	atomic_store(&br->closing, true);
	pthread_cond_signal(&br->filled);
	pthread_mutex_unlock(&br->lock);
	pthread_join(br->thread, NULL);
	pthread_cond_destroy(&br->filled);
	pthread_mutex_destroy(&br->lock);
	json_decref(br->to);
	json_decref(br->queue);
	curl_global_cleanup();
	free(br);
}

void
bridge_set(struct bridge *br, const json_t *to)
{
	json_t *copy = json_deep_copy(to);

	pthread_mutex_lock(&br->lock);
	json_decref(br->to);
	br->to = copy;
	json_array_clear(br->queue);
	br->sent = br->failed = br->lost = 0;
	pthread_mutex_unlock(&br->lock);
}

json_t *
bridge_show(struct bridge *br)
{
	json_t *names = json_array(), *shown, *value;
	const char *name;

	pthread_mutex_lock(&br->lock);
	/* The values may be secrets. */
	json_object_foreach (json_object_get(br->to, "headers"), name, value)
		json_array_append_new(names, json_string(name));
	/* clang-format off */
	shown = json_pack("{s:s, s:o, s:I, s:I, s:I, s:I, s:I}",
	    "url", js_text(br->to, "url"),
	    "headers", names,
	    "lossPercent", js_int(br->to, "lossPercent"),
	    "queued", (json_int_t)json_array_size(br->queue),
	    "sent", br->sent,
	    "failed", br->failed,
	    "lost", br->lost);
	/* clang-format on */
	pthread_mutex_unlock(&br->lock);
	return shown;
}
