/* Who is watching a stage, page by page. */
#include "base/encode.h"
#include "base/parse.h"
#include "domain/presence.h"
#include "fcgi/viewer/handlers.h"
#include "base/banned.h"

#define LIST_LIMIT 100
#define LIST_LIMIT_MAX 1000

/* The cursor is base64url of "<last heartbeat> <user>". */
static void
take_cursor(struct req *rq, struct str *ret_beat, struct str *ret_user)
{
	struct str text = req_query_text(rq, "cursor"), plain;
	int64_t ignored;

	*ret_beat = *ret_user = STR("");
	if (text.n == 0)
		return;
	if (decode_base64url(rq->arena, text, &plain)) {
		*ret_beat = str_cut(&plain, ' ');
		*ret_user = plain;
	}
	if (!parse_i64(*ret_beat, 0, INT64_MAX, &ignored) || ret_user->n == 0)
		req_invalid(rq, "cursor", MSG_WHY_TOKEN);
}

bool
ask_list(struct app *app, struct req *rq, struct err *err)
{
	struct str *arn = arena_zalloc(rq->arena, sizeof(*arn));
	struct str beat, user;
	int64_t limit;

	(void)app;
	*arn = req_path_stage_arn(rq, "stageArn");
	limit = req_query_int(rq, "limit", 1, LIST_LIMIT_MAX, LIST_LIMIT);
	take_cursor(rq, &beat, &user);
	rq->state = arn;
	if (!req_valid(rq, err))
		return false;
	presence_list_ask(&rq->call, *arn, limit, beat, user);
	return true;
}

static json_t *
viewer_json(const struct viewer *v)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "userId", json_str(v->user_id),
	    "participantId", json_str(v->participant_id), "joinedAt",
	    json_time(v->joined_at_ms), "lastHeartbeat", json_time(v->last_heartbeat_ms));
}

static json_t *
cursor_after(struct arena *a, const struct viewer *v)
{
	struct buf plain, b;

	buf_init(&plain, a, 1024);
	buf_printf(
	    &plain, "%.*s %.*s", STR_ARG(v->last_heartbeat_text), STR_ARG(v->user_id));
	buf_init(&b, a, 2048);
	encode_base64url(&b, plain.p, plain.n);
	return json_str(buf_view(&b));
}

bool
list(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct str *arn = rq->state;
	json_t *viewers = json_array(), *cursor = json_null();
	struct viewer_page page;
	size_t i;

	(void)app;
	if (!presence_list_answer(reply, rq->arena, &page, err))
		return false;
	for (i = 0; i < page.n; i++)
		json_array_append_new(viewers, viewer_json(&page.viewers[i]));
	if (page.more && page.n > 0)
		cursor = cursor_after(rq->arena, &page.viewers[page.n - 1]);
	resp_ok(rs,
	    json_pack("{s:o, s:I, s:I, s:o, s:o}", "stageArn", json_str(*arn),
		"totalViewers", (json_int_t)page.seats, "activeViewers",
		(json_int_t)page.viewers_now, "viewers", viewers, "nextCursor", cursor));
	return true;
}
