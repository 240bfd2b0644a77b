/* ops.c - see ops.h */
#include "ops.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloudwatch.h"
#include "ids.h"
#include "shapes.h"
#include "token.h"

#define STAGES_MAX 1000 /* service quota "stages" */
#define CURSOR_PREFIX "stages-after:"
#define ENDPOINT_ID_CHARS 12

static const char *
text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static bool
no_such(struct reply *rp, const char *arn)
{
	return reply_fail(rp, "ResourceNotFoundException", "Resource: %s not found", arn);
}

static json_t *
make_endpoints(void)
{
	char id[ENDPOINT_ID_CHARS + 1];

	ids_hex(id, ENDPOINT_ID_CHARS);
	/* clang-format off */
	return json_pack("{s:s, s:o, s:o, s:o}",
	    "events", "wss://global.events.live-video.net",
	    "whip", json_sprintf("https://%s.global-bm.whip.live-video.net", id),
	    "rtmp", json_sprintf("rtmp://%s.global-contribute.live-video.net/app/", id),
	    "rtmps", json_sprintf("rtmps://%s.global-contribute.live-video.net:443/app/",
	    id));
	/* clang-format on */
}

static json_t *
make_stage(const struct settings *s, const json_t *in)
{
	static const char *const kept[] = { "name", "tags",
		"autoParticipantRecordingConfiguration", NULL };
	char id[IDS_STAGE_CHARS + 1];
	json_t *stage;

	ids_alnum(id, IDS_STAGE_CHARS);
	/* clang-format off */
	stage = json_pack("{s:o, s:s, s:{}, s:o}",
	    "arn", json_sprintf("arn:aws:ivs:%s:%s:stage/%s", s->region, s->account, id),
	    "name", "",
	    "tags",
	    "endpoints", make_endpoints());
	/* clang-format on */
	for (size_t i = 0; kept[i] != NULL; i++)
		if (json_object_get(in, kept[i]) != NULL)
			json_object_set_new(
			    stage, kept[i], json_deep_copy(json_object_get(in, kept[i])));
	return stage;
}

static json_t *
issue_token(struct state *st, const json_t *stage, const json_t *asked)
{
	json_t *token = token_make(stage, asked);

	state_token_add(st, token_record(token, text_of(stage, "arn")));
	return token;
}

static bool
create_stage(struct state *st, const json_t *in, struct reply *rp)
{
	json_t *asked = json_object_get(in, "participantTokenConfigurations");
	json_t *stage, *tokens;

	if (state_stage_count(st) >= STAGES_MAX)
		return reply_fail(rp, "ServiceQuotaExceededException",
		    "The maximum number of stages (%d) has been reached.", STAGES_MAX);
	stage = make_stage(state_settings(st), in);
	tokens = json_array();
	for (size_t i = 0; i < json_array_size(asked); i++)
		json_array_append_new(
		    tokens, issue_token(st, stage, json_array_get(asked, i)));
	state_stage_add(st, json_deep_copy(stage));
	return reply_body(
	    rp, json_pack("{s:o, s:o}", "stage", stage, "participantTokens", tokens));
}

static bool
get_stage(struct state *st, const json_t *in, struct reply *rp)
{
	const json_t *stage = state_stage(st, text_of(in, "arn"));

	if (stage == NULL)
		return no_such(rp, text_of(in, "arn"));
	return reply_body(rp, json_pack("{s:o}", "stage", json_deep_copy(stage)));
}

static bool
create_participant_token(struct state *st, const json_t *in, struct reply *rp)
{
	const json_t *stage = state_stage(st, text_of(in, "stageArn"));

	if (stage == NULL)
		return no_such(rp, text_of(in, "stageArn"));
	return reply_body(
	    rp, json_pack("{s:o}", "participantToken", issue_token(st, stage, in)));
}

static char *
make_cursor(json_int_t seq)
{
	char text[64];

	snprintf(text, sizeof(text), CURSOR_PREFIX "%lld", (long long)seq);
	return ids_base64url(text, strlen(text));
}

/* Decoded, read and made again: only what make_cursor() can have given is taken. */
static bool
read_cursor(const char *cursor, json_int_t *ret_seq)
{
	unsigned char text[64] = "";
	char padded[65], *again;
	size_t n = strlen(cursor);
	long long seq;
	bool ok;

	if (n == 0 || n > 40)
		return false;
	snprintf(padded, sizeof(padded), "%s%.*s", cursor, (int)((4 - n % 4) % 4), "===");
	if (EVP_DecodeBlock(text, (unsigned char *)padded, (int)strlen(padded)) < 0 ||
	    sscanf((char *)text, CURSOR_PREFIX "%lld", &seq) != 1)
		return false;
	again = make_cursor(seq);
	ok = strcmp(again, cursor) == 0;
	free(again);
	*ret_seq = seq;
	return ok;
}

static void
add_summary(const json_t *stage, void *list)
{
	static const char *const shown[] = { "arn", "name", "activeSessionId", "tags",
		NULL };
	json_t *summary = json_object();

	for (size_t i = 0; shown[i] != NULL; i++)
		if (json_object_get(stage, shown[i]) != NULL)
			json_object_set_new(summary, shown[i],
			    json_deep_copy(json_object_get(stage, shown[i])));
	json_array_append_new(list, summary);
}

static bool
list_stages(struct state *st, const json_t *in, struct reply *rp)
{
	json_t *most = json_object_get(in, "maxResults");
	const char *cursor = text_of(in, "nextToken");
	json_int_t after = 0, last = 0;
	size_t page = SHAPES_STAGES_PAGE_DEFAULT;
	json_t *stages, *body;
	char *next;

	if (cursor != NULL && !read_cursor(cursor, &after))
		return reply_fail(rp, "ValidationException", "nextToken: is not valid");
	if (most != NULL)
		page = (size_t)json_integer_value(most);
	stages = json_array();
	body = json_pack("{s:o}", "stages", stages);
	if (state_stage_page(st, after, page, add_summary, stages, &last)) {
		next = make_cursor(last);
		json_object_set_new(body, "nextToken", json_string(next));
		free(next);
	}
	return reply_body(rp, body);
}

static const struct operation operations[] = {
	{ "CreateParticipantToken", "POST", "/CreateParticipantToken",
	    shape_create_participant_token, create_participant_token },
	{ "CreateStage", "POST", "/CreateStage", shape_create_stage, create_stage },
	{ "GetStage", "POST", "/GetStage", shape_get_stage, get_stage },
	{ "ListStages", "POST", "/ListStages", shape_list_stages, list_stages },
};

const struct operation *
ops_at(size_t i)
{
	size_t n = sizeof(operations) / sizeof(operations[0]);

	return i < n ? &operations[i] : cloudwatch_at(i - n);
}

const struct operation *
ops_find(const char *method, const char *path)
{
	const struct operation *op;

	for (size_t i = 0; (op = ops_at(i)) != NULL; i++)
		if (strcmp(op->method, method) == 0 && strcmp(op->path, path) == 0)
			return op;
	return NULL;
}
