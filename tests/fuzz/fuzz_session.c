/* The token a viewer's page proves with who it is. */
#include "fuzz.h"

#include "web/session_token.h"
#include "base/banned.h"

#define NOW_MS 1700000000000

/* A token made here is read as what it was made of; with one byte changed it is none. */
static void
made_here(struct arena *a, const struct config *cfg, struct str in)
{
	struct session_claim claim = { in, STR(FUZZ_STAGE), STR("s-1"), STR("p-1"),
		NOW_MS + 1000 };
	struct session_claim back = { 0 };
	struct err err = ERR_INIT;
	struct str token;
	char *copy;

	if (in.n == 0 || in.n > 100 || parse_has_control(in) ||
	    json_stringn(in.p, in.n) == NULL)
		return;
	token = session_token_make(cfg, a, &claim);
	PROPERTY(token.n > 0 && token.n <= SESSION_TOKEN_MAX_BYTES);
	PROPERTY(session_token_has_form(token));
	PROPERTY(session_token_read(cfg, a, token, NOW_MS, &back, &err));
	PROPERTY(str_eq(back.user_id, in) && str_is(back.stage_arn, FUZZ_STAGE));
	PROPERTY(back.expires_at_ms == claim.expires_at_ms);
	PROPERTY(!session_token_read(cfg, a, token, NOW_MS + 2000, &back, &err));
	copy = arena_strndup(a, token.p, token.n);
	copy[(unsigned char)in.p[0] % token.n] ^= 1;
	err_clear(&err);
	PROPERTY(!session_token_read(
	    cfg, a, (struct str){ copy, token.n }, NOW_MS, &back, &err));
	PROPERTY(err.kind == ERR_AUTH);
}

void
fuzz_one(struct arena *a, struct str in)
{
	struct config cfg = *fuzz_config();
	struct session_claim claim = { 0 };
	struct err err = ERR_INIT;

	if (in.n > 8192)
		return;
	PROPERTY(!session_token_read(&cfg, a, in, NOW_MS, &claim, &err));
	PROPERTY(err.kind == ERR_AUTH);
	cfg.session_secrets = STR("session-secret-0123456789-0123456789");
	err_clear(&err);
	/* Nobody guesses a MAC: whatever the input is, it is no token of ours. */
	PROPERTY(!session_token_read(&cfg, a, in, NOW_MS, &claim, &err));
	PROPERTY(err.kind == ERR_AUTH && claim.user_id.n == 0);
	made_here(a, &cfg, in);
}
