/* ops_tokens.c - participant tokens: see ops_parts.h */
#include "ops_parts.h"

#include "js.h"
#include "state.h"
#include "token.h"
#include "turn.h"

json_t *
ops_issue_token(struct emulator *emu, const json_t *stage, const json_t *asked)
{
	json_t *token = token_make(stage, asked);

	state_token_add(emu->state, token_record(token, js_text(stage, "arn")));
	return token;
}

bool
op_create_participant_token(struct emulator *emu, const json_t *in, struct reply *rp)
{
	const json_t *stage = ops_stage(emu, in, "stageArn", rp);
	json_t *token;

	if (stage == NULL)
		return false;
	token = ops_issue_token(emu, stage, in);
	turn_token_issued(emu->live, js_text(stage, "arn"), token);
	return reply_body(rp, json_pack("{s:o}", "participantToken", token));
}
