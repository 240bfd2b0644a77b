/* state.c - see state.h */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "js.h"

#define VERSION 1
#define TOKENS_KEPT 300

struct state {
	const struct settings *settings;
	char *new_path;	      /* written first, then renamed */
	pthread_mutex_t lock; /* root and version */
	json_t *root;
	json_t *stages, *tokens;   /* borrowed from root */
	uint64_t version;	   /* rises with each change */
	bool changed;		   /* since state_begin() */
	pthread_mutex_t save_lock; /* the file and saved; taken before lock */
	uint64_t saved;
};

static json_t *
empty_root(const struct settings *s)
{
	return json_pack(
	    "{s:i, s:s, s:s, s:i, s:i, s:{}, s:[], s:{}, s:{}, s:{}, s:[], s:[]}",
	    "version", VERSION, "region", s->region, "account", s->account, "lastSeq", 0,
	    "tokensIssued", 0, "stages", "tokens", "keys", "sessions", "dead", "replicas",
	    "pending");
}

static bool
stages_are_sound(json_t *stages)
{
	const char *arn, *inner, *events, *whip;
	json_t *record, *stage;
	json_int_t seq, before = 0;

	json_object_foreach (stages, arn, record) {
		if (json_unpack(record, "{s:I, s:o}", "seq", &seq, "stage", &stage) !=
			0 ||
		    json_unpack(stage, "{s:s, s:{s:s, s:s}}", "arn", &inner, "endpoints",
			"events", &events, "whip", &whip) != 0 ||
		    strcmp(arn, inner) != 0 || strchr(arn, '/') == NULL || seq <= before)
			return false;
		before = seq;
	}
	return true;
}

static bool
session_is_sound(json_t *session)
{
	json_t *people = json_object_get(session, "participants"), *who;
	const char *id;

	if (!json_is_object(people))
		return false;
	json_object_foreach (people, id, who)
		if (!json_is_object(json_object_get(who, "shown")) ||
		    !json_is_array(json_object_get(who, "events")))
			return false;
	return true;
}

static bool
sessions_are_sound(json_t *sessions)
{
	json_t *list, *session;
	const char *arn;
	size_t i;

	json_object_foreach (sessions, arn, list) {
		if (!json_is_array(list))
			return false;
		json_array_foreach (list, i, session)
			if (!session_is_sound(session))
				return false;
	}
	return true;
}

/* Parts that a file of an earlier day has not got yet. */
static bool
add_parts(json_t *root)
{
	static const char *const objects[] = { "keys", "sessions", "dead", NULL };
	static const char *const arrays[] = { "replicas", "pending", NULL };

	for (size_t i = 0; objects[i] != NULL; i++) {
		if (json_object_get(root, objects[i]) == NULL)
			json_object_set_new(root, objects[i], json_object());
		if (!json_is_object(json_object_get(root, objects[i])))
			return false;
	}
	for (size_t i = 0; arrays[i] != NULL; i++) {
		if (json_object_get(root, arrays[i]) == NULL)
			json_object_set_new(root, arrays[i], json_array());
		if (!json_is_array(json_object_get(root, arrays[i])))
			return false;
	}
	return sessions_are_sound(json_object_get(root, "sessions"));
}

/* NULL when the file fits; else what is wrong with it. */
static const char *
root_fault(json_t *root, const struct settings *s)
{
	const char *region, *account;
	json_int_t version, seq, issued;
	json_t *stages, *tokens;

	if (json_unpack(root, "{s:I, s:s, s:s, s:I, s:I, s:o, s:o}", "version", &version,
		"region", &region, "account", &account, "lastSeq", &seq, "tokensIssued",
		&issued, "stages", &stages, "tokens", &tokens) != 0)
		return "a member is missing or of the wrong type";
	if (version != VERSION)
		return "it has a version this program does not know";
	if (strcmp(region, s->region) != 0 || strcmp(account, s->account) != 0)
		return "it was made for another region or account";
	if (!json_is_object(stages) || !json_is_array(tokens) ||
	    !stages_are_sound(stages) || !add_parts(root))
		return "its stages, tokens, keys or sessions are malformed";
	return NULL;
}

static json_t *
load(const struct settings *s)
{
	json_error_t error;
	const char *fault;
	json_t *root;

	if (access(s->state_path, F_OK) != 0 && errno == ENOENT)
		return empty_root(s);
	root = json_load_file(s->state_path, JSON_REJECT_DUPLICATES, &error);
	fault = root != NULL ? root_fault(root, s) : error.text;
	if (fault == NULL)
		return root;
	fprintf(stderr,
	    "ivs_emulator: state file '%s' cannot be used: %s; repair or "
	    "delete it\n",
	    s->state_path, fault);
	json_decref(root);
	return NULL;
}

struct state *
state_open(const struct settings *s)
{
	json_t *root = load(s);
	struct state *st;

	if (root == NULL)
		return NULL;
	if ((st = calloc(1, sizeof(*st))) == NULL ||
	    asprintf(&st->new_path, "%s.new", s->state_path) < 0)
		abort();
	st->settings = s;
	st->root = root;
	st->stages = json_object_get(root, "stages");
	st->tokens = json_object_get(root, "tokens");
	pthread_mutex_init(&st->lock, NULL);
	pthread_mutex_init(&st->save_lock, NULL);
	/* Written at once, so a path that cannot be written is noticed now. */
	st->version = 1;
	if (state_commit(st, st->version))
		return st;
	state_close(st);
	return NULL;
}

void
state_close(struct state *st)
{
	if (st == NULL)
		return;
	pthread_mutex_destroy(&st->save_lock);
	pthread_mutex_destroy(&st->lock);
	json_decref(st->root);
	free(st->new_path);
	free(st);
}

void
state_begin(struct state *st)
{
	pthread_mutex_lock(&st->lock);
	st->changed = false;
}

uint64_t
state_end(struct state *st)
{
	uint64_t version = st->changed ? ++st->version : 0;

	pthread_mutex_unlock(&st->lock);
	return version;
}

static bool
write_whole(int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, text, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		text += done;
		n -= (size_t)done;
	}
	return true;
}

/* Safe against a killed process; a lost power supply is no concern of a test tool. */
static bool
replace_file(const struct state *st, const char *text)
{
	int fd = open(st->new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write_whole(fd, text, strlen(text));

	if (fd >= 0 && close(fd) != 0)
		ok = false;
	if (ok && rename(st->new_path, st->settings->state_path) == 0)
		return true;
	fprintf(stderr, "ivs_emulator: cannot write state file '%s': %s\n",
	    st->settings->state_path, strerror(errno));
	return false;
}

bool
state_commit(struct state *st, uint64_t version)
{
	uint64_t newest;
	char *text;
	bool ok = true;

	pthread_mutex_lock(&st->save_lock);
	if (st->saved < version) {
		pthread_mutex_lock(&st->lock);
		newest = st->version;
		text = json_dumps(st->root, JSON_COMPACT);
		pthread_mutex_unlock(&st->lock);
		ok = text != NULL && replace_file(st, text);
		if (ok)
			st->saved = newest;
		free(text);
	}
	pthread_mutex_unlock(&st->save_lock);
	return ok;
}

const struct settings *
state_settings(const struct state *st)
{
	return st->settings;
}

static json_int_t
raise_count(struct state *st, const char *member)
{
	json_t *count = json_object_get(st->root, member);
	json_int_t n = json_integer_value(count) + 1;

	json_integer_set(count, n);
	st->changed = true;
	return n;
}

json_t *
state_part(struct state *st, const char *name)
{
	return json_object_get(st->root, name);
}

void
state_touch(struct state *st)
{
	st->changed = true;
}

json_int_t
state_next_seq(struct state *st)
{
	return raise_count(st, "lastSeq");
}

json_t *
state_stage(struct state *st, const char *arn)
{
	return json_object_get(json_object_get(st->stages, arn), "stage");
}

size_t
state_stage_count(struct state *st)
{
	return json_object_size(st->stages);
}

void
state_stage_add(struct state *st, json_t *stage)
{
	json_int_t seq = state_next_seq(st);

	/* jansson keeps members in the order they were added, and so does the file. */
	json_object_set_new(st->stages, js_text(stage, "arn"),
	    json_pack("{s:I, s:o}", "seq", seq, "stage", stage));
}

bool
state_stage_remove(struct state *st, const char *arn)
{
	st->changed = true;
	return json_object_del(st->stages, arn) == 0;
}

json_t *
state_stages(struct state *st)
{
	return st->stages;
}

void
state_token_add(struct state *st, json_t *token)
{
	raise_count(st, "tokensIssued");
	json_array_append_new(st->tokens, token);
	if (json_array_size(st->tokens) > TOKENS_KEPT)
		json_array_remove(st->tokens, 0);
}

const json_t *
state_token(struct state *st, const char *stage_arn, const char *id)
{
	const json_t *token;
	size_t i;

	json_array_foreach (st->tokens, i, token)
		if (js_is(token, "participantId", id) &&
		    js_is(token, "stageArn", stage_arn))
			return token;
	return NULL;
}

json_t *
state_tokens(struct state *st)
{
	json_t *issued = json_object_get(st->root, "tokensIssued");

	/* Copies: the originals change under the lock while these are being sent. */
	return json_pack("{s:o, s:o}", "issued", json_copy(issued), "tokens",
	    json_deep_copy(st->tokens));
}
