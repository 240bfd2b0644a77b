/*
 * token - who may join which stage, and the proof of it.
 *
 * POST /api/token/publisher {userId,stageArn?}   POST /api/token/mediaserver {serverId,stageArn}
 * POST /api/token/viewer {userId,stageArn?,username?,sessionToken?}
 *
 * A viewer's seat is taken before his token is made, in the script that checks publisher
 * and cap; a token that fails gives the seat back (docs/design.md, D6). Tokens are
 * signed or fetched one at a time, outside any batch.
 */
#include <time.h>

#include "app/app.h"
#include "base/clock.h"
#include "domain/presence.h"
#include "domain/publisher.h"
#include "domain/stages.h"
#include "web/router.h"
#include "base/banned.h"

/* Encoders are pointed here and redirected; AWS "Publish with OBS". */
#define WHIP_ENDPOINT "https://global.whip.live-video.net"
#define WEB_SDK "amazon-ivs-web-broadcast"
#define WEB_SDK_MIN "1.39.0" /* older ones fail to publish with simulcast on Chrome 152 */
#define REFRESH_PERCENT 80
/* In api mode a worker waits for AWS, some 100 ms a token: as many as the quota of 50 a
 * second is worth. Idle ones cost little. */
#define PROCESSES 8
/* For so long a viewer without a seat waits for the show to grow. */
#define ROOM_WAIT_MS 2000
#define ROOM_LOOK_MS 150

/* What a handler keeps between its halves. */
struct order {
	struct str id;		   /* userId or serverId */
	struct str stage_arn;	   /* as asked for, or the master */
	struct str participant_id; /* local mode: made before the token */
	struct join join;	   /* of a viewer */
};

static struct str
new_participant(const struct app *app, struct arena *a)
{
	char *id;

	if (!tokens_are_local(app->tokens))
		return STR("");
	id = arena_alloc(a, PARTICIPANT_ID_CHARS + 1);
	tokens_new_participant_id(id);
	return str_of(id);
}

/* Which stages are worth a look at AWS: a local token carries the stage's endpoints. */
static bool
load_stage(struct app *app, struct req *rq, struct stage *stage, struct err *err)
{
	if (!tokens_are_local(app->tokens) || stage->read)
		return true;
	if (stages_load(
		app->cfg, app->redis, app->ivs, rq->arena, stage->arn, stage, err))
		return true;
	/* Who looks after the stages finds out whether it is gone; not this answer. */
	if (err->source == ERR_FROM_AWS && err->kind == ERR_NOT_FOUND)
		app->show_changed = rq->after_due = true;
	if (err->source == ERR_FROM_AWS)
		tokens_aws_failed(app->cfg, stage->arn, err);
	return false;
}

static bool
make_token(struct app *app, struct req *rq, enum token_role role, const struct order *o,
    struct stage *stage, struct token *ret, struct err *err)
{
	struct token_order order = { .role = role,
		.id = o->id,
		.participant_id = o->participant_id,
		.stage_arn = stage->arn,
		.aws_clock = stage->aws_clock,
		.duration_s = role == TOKEN_VIEWER
				  ? app->cfg->viewer_token_duration_s
				  : app->cfg->publisher_token_duration_s };

	if (!load_stage(app, rq, stage, err))
		return false;
	order.events_endpoint = stage->events_endpoint;
	order.whip_endpoint = stage->whip_endpoint;
	if (tokens_make(app->tokens, rq->arena, &order, ret, err))
		return true;
	if (ret->no_stage)
		app->show_changed = rq->after_due = true;
	return false;
}

static json_t *
capabilities(enum token_role role)
{
	switch (role) {
	case TOKEN_PUBLISHER:
		return json_pack("[s]", "PUBLISH");
	case TOKEN_VIEWER:
		return json_pack("[s]", "SUBSCRIBE");
	case TOKEN_MEDIASERVER:
		break;
	}
	return json_pack("[s, s]", "PUBLISH", "SUBSCRIBE");
}

static json_t *
token_json(const struct token *t, struct str stage_arn, enum token_role role)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "token", json_str(t->token),
	    "participantId", json_str(t->participant_id), "stageArn", json_str(stage_arn),
	    "capabilities", capabilities(role), "expiresAt", json_time(t->expires_at_ms));
}

/* ---- publisher and media server: the stage must be ours ---- */

static bool
ask_stage(struct app *app, struct req *rq, const char *id_name, enum presence_rule rule,
    struct err *err)
{
	struct order *o = arena_zalloc(rq->arena, sizeof(*o));

	o->id = req_user_id(rq, id_name);
	o->stage_arn = req_stage_arn(rq, "stageArn", rule);
	if (!req_valid(rq, err))
		return false;
	if (o->stage_arn.n == 0)
		o->stage_arn = app->cfg->master_stage_arn;
	o->participant_id = new_participant(app, rq->arena);
	rq->state = o;
	stages_get_ask(&rq->call, o->stage_arn);
	return true;
}

/* A media server is no person; this one may be banned. */
static bool
ask_publisher(struct app *app, struct req *rq, struct err *err)
{
	const struct order *o;

	if (!ask_stage(app, rq, "userId", OPTIONAL_MEMBER, err))
		return false;
	o = rq->state;
	stages_get_for_ask(&rq->call, o->stage_arn, o->id);
	return true;
}

static bool
ask_mediaserver(struct app *app, struct req *rq, struct err *err)
{
	return ask_stage(app, rq, "serverId", REQUIRED_MEMBER, err);
}

/* StageEvents.STAGE_LEFT of the Web SDK, and what the page does then (README, "A viewer's page"). */
static json_t *
stage_left_json(void)
{
	static const char *const actions[][2] = {
		{ "participant-disconnected", "stop" },
		{ "stage-deleted", "new-token" },
		{ "token-reused", "stop" },
		{ "failed-exchange", "new-token" },
		{ "real-time-connection-forced-leave", "new-connection" },
		{ "real-time-connection-token-revocation", "new-connection" },
		{ "user-initiated", "none" },
		{ "unknown", "join-again" },
	};
	json_t *o = json_object();

	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		json_object_set_new(o, actions[i][0], json_string(actions[i][1]));
	return o;
}

static json_t *
instructions(const struct token *t, enum lang lang)
{
	return json_pack(
	    "{s:{s:s, s:s, s:o, s:{s:s, s:s, s:s, s:s, s:s}}, s:{s:s, s:s, s:s, s:o}}",
	    "obs", "service", "WHIP", "server", WHIP_ENDPOINT, "bearerToken",
	    json_str(t->token), "settings", "resolution", "1280x720", "bitrate",
	    "2500 kbps", "keyframeInterval", "1s", "cpuPreset", "ultrafast", "tune",
	    "zerolatency", "web", "sdk", WEB_SDK, "method", message(MSG_OBS_METHOD, lang),
	    "minVersion", WEB_SDK_MIN, "stageLeft", stage_left_json());
}

/*
 * Only now, with the token made, may this person be the show's publisher. ERR_FORBIDDEN: banned since
 * the request was prepared, so the token is not handed out.
 */
static bool
note_publisher(struct app *app, struct req *rq, const struct order *o,
    const struct token *t, struct err *err)
{
	struct redis_call c = { .arena = rq->arena };
	struct publisher_news news;

	publisher_token_ask(&c, o->stage_arn, t->participant_id, o->id);
	if (!redis_call(app->redis, &c, err) || !publisher_token_answer(c.reply, err))
		return err_while(err, "noting the publisher");
	publisher_news(&c, &news);
	publisher_log(&news);
	return true;
}

static bool
publisher(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct order *o = rq->state;
	struct stage stage;
	struct token t;
	json_t *data;

	if (!stages_get_answer(app->cfg, reply, o->stage_arn, &stage, err) ||
	    !make_token(app, rq, TOKEN_PUBLISHER, o, &stage, &t, err) ||
	    !note_publisher(app, rq, o, &t, err))
		return false;
	/* A show begins: whoever looks will want the stage's name. */
	app->master_unread = stage.master && !stage.read;
	rq->after_due = app->master_unread;
	data = token_json(&t, o->stage_arn, TOKEN_PUBLISHER);
	json_object_set_new(data, "userId", json_str(o->id));
	json_object_set_new(
	    data, "expiresIn", json_integer(app->cfg->publisher_token_duration_s));
	json_object_set_new(data, "whipEndpoint", json_string(WHIP_ENDPOINT));
	json_object_set_new(data, "instructions", instructions(&t, rq->lang));
	resp_ok(rs, data);
	return true;
}

static bool
mediaserver(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	const struct order *o = rq->state;
	struct stage stage;
	struct token t;

	if (!stages_get_answer(app->cfg, reply, o->stage_arn, &stage, err) ||
	    !make_token(app, rq, TOKEN_MEDIASERVER, o, &stage, &t, err))
		return false;
	resp_ok(rs, token_json(&t, o->stage_arn, TOKEN_MEDIASERVER));
	return true;
}

/* ---- viewer ---- */

/* A session token outlives the viewer token it comes with by one silence. */
static int64_t
session_life_ms(const struct config *cfg)
{
	return 1000 * (cfg->viewer_token_duration_s + cfg->heartbeat_timeout_s);
}

/*
 * The page that renews its token sends the session token it has. One that is not good proves nothing,
 * and the page gets a participant id of its own, as a second page does.
 */
static bool
take_proof(
    struct app *app, struct req *rq, struct str token, struct join *j, struct err *err)
{
	struct err ignored = ERR_INIT;
	struct session_claim claim;

	if (token.n == 0 || !session_token_read(app->cfg, rq->arena, token,
				clock_now_ms(), &claim, &ignored))
		return true;
	if (!str_eq(claim.user_id, j->user_id))
		return err_tell(err, ERR_FORBIDDEN, MSG_SESSION_OTHER,
		    "session token of another user");
	j->proof.session_id = claim.session_id;
	j->proof.stage_arn = claim.stage_arn;
	j->proof.issued_at_ms = claim.expires_at_ms - session_life_ms(app->cfg);
	/* AWS names the participants of its own tokens. */
	if (tokens_are_local(app->tokens))
		j->proof.participant_id = claim.participant_id;
	return true;
}

static bool
ask_viewer(struct app *app, struct req *rq, struct err *err)
{
	struct order *o = arena_zalloc(rq->arena, sizeof(*o));
	char *session_id = arena_alloc(rq->arena, UUID_BYTES);
	struct join *j = &o->join;
	struct str token;

	o->id = j->user_id = req_user_id(rq, "userId");
	j->stage_arn = req_stage_arn(rq, "stageArn", OPTIONAL_MEMBER);
	j->username = req_text(rq, "username", OPTIONAL_MEMBER);
	token = req_session_token(rq, "sessionToken");
	if (!req_valid(rq, err) || !take_proof(app, rq, token, j, err))
		return false;
	crypto_uuid(session_id);
	o->participant_id = new_participant(app, rq->arena);
	rq->state = o;
	j->sure_later = true;
	j->session_id = str_of(session_id);
	j->participant_id = o->participant_id;
	j->user_agent = req_user_agent(rq);
	j->ip_address = str_of(rq->client_text);
	j->grow_at = app->cfg->auto_scale_enabled ? app->cfg->scale_up_threshold : 0;
	presence_join_ask(&rq->call, j);
	return true;
}

static bool
join_again(struct app *app, struct req *rq, const struct order *o, struct seat *ret,
    struct err *err)
{
	struct redis_call c;

	redis_call_init(&c, rq->arena, SCRIPT_JOIN);
	presence_join_ask(&c, &o->join);
	return redis_call(app->redis, &c, err) && presence_join_answer(c.reply, ret, err);
}

/* Plain CGI, which serves nobody else: make the show grow, or wait until another run has done so. */
static bool
wait_for_room(struct app *app, struct req *rq, const struct order *o, struct seat *ret,
    struct err *err)
{
	const struct timespec pause = { .tv_nsec = ROOM_LOOK_MS * 1000000L };
	struct keeper_order order = { .by = "join", .one_seat = true, .hasty = true };
	enum app_kept kept = APP_KEPT_BY_OTHERS;
	int64_t end_ms = clock_mono_ms() + ROOM_WAIT_MS;
	bool seated = false;

	while (!seated && kept == APP_KEPT_BY_OTHERS && clock_mono_ms() < end_ms) {
		order.budget_ms = end_ms - clock_mono_ms();
		kept = app_keep(app, rq->arena, &order);
		if (kept == APP_KEPT_BY_OTHERS)
			(void)nanosleep(&pause, NULL);
		*err = ERR_INIT;
		seated = join_again(app, rq, o, ret, err);
		if (!seated && err->kind != ERR_FULL)
			return false;
	}
	/* One seat was what it took; what else is due comes after the answer. */
	app->grow_due |= kept == APP_KEPT;
	rq->after_due |= kept == APP_KEPT;
	return seated;
}

/*
 * A full house that may grow. A worker does not wait: the request is parked, and the keeper is asked for
 * a run after this batch.
 */
static bool
find_room(struct app *app, struct req *rq, const struct order *o, struct seat *ret,
    struct err *err)
{
	if (app->cgi)
		return ret->grow && wait_for_room(app, rq, o, ret, err);
	if (ret->grow)
		rq->after_due |= app_want_room(app);
	/* A viewer who is parked waits on while the next run is near; a new one only for a run that may
	 * begin now. */
	if (ret->grow || (ret->wait && rq->parked))
		rq->park_ms = ROOM_WAIT_MS;
	return false;
}

/* His seat, if there is one or can be one soon. */
static bool
take_seat(struct app *app, struct req *rq, const struct order *o,
    const struct reply *reply, struct seat *ret, struct err *err)
{
	if (!presence_join_answer(reply, ret, err) &&
	    (err->kind != ERR_FULL || !find_room(app, rq, o, ret, err)))
		return false;
	app->grow_due |= ret->grow;
	rq->after_due |= ret->drain_due || ret->grow;
	return true;
}

static void
give_back(struct app *app, struct req *rq, const struct order *o, const struct seat *seat)
{
	struct err err = ERR_INIT;

	if (seat->is_new && !presence_unseat(app->redis, rq->arena, o->id, seat, &err))
		log_err(LOG_WARN, "a seat was not given back; it ends by time-out", &err);
}

/* One round trip more, for tokens of AWS and for a move. False: he was banned meanwhile. */
static bool
confirm(struct app *app, struct req *rq, const struct order *o, const struct seat *seat,
    const struct token *t, struct err *err)
{
	struct err why = ERR_INIT;

	if ((tokens_are_local(app->tokens) && !seat->moved) ||
	    presence_confirm(app->redis, rq->arena, o->id, seat, t->participant_id, &why))
		return true;
	if (why.kind == ERR_FORBIDDEN) {
		*err = why;
		return false;
	}
	log_err(LOG_WARN, "participant or move was not noted", &why);
	return true;
}

/* For his page, so that it needs no API key. */
static struct str
session_token(const struct app *app, struct req *rq, const struct order *o,
    const struct seat *seat, struct str participant_id)
{
	const struct config *cfg = app->cfg;
	struct session_claim claim = { .user_id = o->id,
		.stage_arn = seat->stage_arn,
		.session_id = seat->session_id,
		.participant_id = participant_id,
		.expires_at_ms = clock_now_ms() + session_life_ms(cfg) };

	return session_token_make(cfg, rq->arena, &claim);
}

static json_t *
viewer_json(const struct app *app, struct req *rq, const struct order *o,
    const struct seat *seat, const struct token *t)
{
	int64_t life_s = app->cfg->viewer_token_duration_s;
	json_t *data = token_json(t, seat->stage_arn, TOKEN_VIEWER);

	json_object_set_new(data, "userId", json_str(o->id));
	json_object_set_new(data, "expiresIn", json_integer(life_s));
	json_object_set_new(
	    data, "refreshAfter", json_integer(life_s * REFRESH_PERCENT / 100));
	json_object_set_new(data, "currentViewers", json_integer(seat->viewers_now));
	json_object_set_new(data, "isNewViewer", json_boolean(seat->is_new));
	json_object_set_new(data, "renewed", json_boolean(seat->kept));
	json_object_set_new(data, "sessionToken",
	    json_str(session_token(app, rq, o, seat, t->participant_id)));
	return data;
}

static bool
viewer(struct app *app, struct req *rq, const struct reply *reply, struct resp *rs,
    struct err *err)
{
	struct order *o = rq->state;
	struct stage stage;
	struct seat seat = { 0 };
	struct token t;

	if (!take_seat(app, rq, o, reply, &seat, err))
		return false;
	if (seat.kept)
		o->participant_id = o->join.proof.participant_id;
	stage_from_json(app->cfg, seat.stage_arn, seat.stage_json, &stage);
	stage.aws_clock = seat.aws_clock;
	if (!make_token(app, rq, TOKEN_VIEWER, o, &stage, &t, err) ||
	    !confirm(app, rq, o, &seat, &t, err)) {
		give_back(app, rq, o, &seat);
		return false;
	}
	resp_ok(rs, viewer_json(app, rq, o, &seat, &t));
	return true;
}

static const struct route routes[] = {
	{ METHOD_POST, "/api/token/publisher", ACCESS_TOKEN, BUCKET_API, true,
	    ask_publisher, publisher },
	{ METHOD_POST, "/api/token/viewer", ACCESS_TOKEN, BUCKET_API, true, ask_viewer,
	    viewer },
	{ METHOD_POST, "/api/token/mediaserver", ACCESS_INTERNAL, BUCKET_API, true,
	    ask_mediaserver, mediaserver },
};

int
main(int argc, char **argv)
{
	static const struct program program = {
		.name = "token",
		.help = "answers /api/token: seats and participant tokens",
		.routes = routes,
		.n_routes = sizeof(routes) / sizeof(*routes),
		.parts = { &part_postgres, &part_heal, &part_aws, &part_tokens,
		    &part_keeper },
		.min_processes = PROCESSES,
		.slow_s = 15,
	};

	return app_main(&program, argc, argv);
}
