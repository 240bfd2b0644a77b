/* token.c - see token.h */
#include "token.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "ids.h"
#include "shapes.h"

#define SIGNATURE_BYTES 96

/* The members a caller's wish and the token share. */
static const char *const passed_on[] = { "userId", "attributes", NULL };

static json_t *
member_copy(const json_t *object, const char *name)
{
	return json_deep_copy(json_object_get(object, name));
}

static void
pass_on(json_t *to, const json_t *from)
{
	for (size_t i = 0; passed_on[i] != NULL; i++)
		if (json_object_get(from, passed_on[i]) != NULL)
			json_object_set_new(
			    to, passed_on[i], member_copy(from, passed_on[i]));
}

/* No wish means both, and an empty list is read as no wish. */
static json_t *
capabilities_of(const json_t *asked)
{
	json_t *list = json_object_get(asked, "capabilities");

	if (json_array_size(list) == 0)
		return json_pack("[s, s]", "PUBLISH", "SUBSCRIBE");
	return json_deep_copy(list);
}

static json_int_t
duration_of(const json_t *asked)
{
	json_t *minutes = json_object_get(asked, "duration");

	if (minutes == NULL)
		return SHAPES_DURATION_DEFAULT_MIN;
	return json_integer_value(minutes);
}

static json_t *
capability_claims(const json_t *list)
{
	json_t *claims = json_object();

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));
		bool publish = strcmp(name, "PUBLISH") == 0;

		json_object_set_new(
		    claims, publish ? "allow_publish" : "allow_subscribe", json_true());
	}
	return claims;
}

static json_t *
claims_of(const json_t *token, const json_t *stage, time_t now, time_t expires)
{
	const json_t *endpoints = json_object_get(stage, "endpoints");
	const char *arn = json_string_value(json_object_get(stage, "arn"));
	json_t *claims;

	/* clang-format off */
	claims = json_pack("{s:I, s:I, s:O, s:s, s:s, s:O, s:O, s:o, s:s}",
	    "exp", (json_int_t)expires,
	    "iat", (json_int_t)now,
	    "jti", json_object_get(token, "participantId"),
	    "resource", arn,
	    "topic", strchr(arn, '/') + 1,
	    "events_url", json_object_get(endpoints, "events"),
	    "whip_url", json_object_get(endpoints, "whip"),
	    "capabilities", capability_claims(json_object_get(token, "capabilities")),
	    "version", "1.0");
	/* clang-format on */
	if (json_object_get(token, "userId") != NULL)
		json_object_set_new(claims, "user_id", member_copy(token, "userId"));
	if (json_object_get(token, "attributes") != NULL)
		json_object_set_new(
		    claims, "attributes", member_copy(token, "attributes"));
	return claims;
}

/* Looks like the tokens of IVS. The signature is noise: no client may rely on it. */
static char *
token_text(const json_t *claims)
{
	static const char header[] = "{\"alg\":\"KMS\",\"typ\":\"JWT\"}";
	unsigned char noise[SIGNATURE_BYTES];
	char *payload = json_dumps(claims, JSON_COMPACT);
	char *part[3], *text;

	if (payload == NULL || RAND_bytes(noise, sizeof(noise)) != 1)
		abort();
	part[0] = ids_base64url(header, strlen(header));
	part[1] = ids_base64url(payload, strlen(payload));
	part[2] = ids_base64url(noise, sizeof(noise));
	if (asprintf(&text, "%s.%s.%s", part[0], part[1], part[2]) < 0)
		abort();
	for (int i = 0; i < 3; i++)
		free(part[i]);
	free(payload);
	return text;
}

json_t *
token_make(const json_t *stage, const json_t *asked)
{
	char id[IDS_STAGE_CHARS + 1], when[IDS_TIME_BYTES];
	json_int_t minutes = duration_of(asked);
	time_t now = clock_now();
	time_t expires = now + (time_t)minutes * 60;
	json_t *token, *claims;
	char *text;

	ids_alnum(id, IDS_STAGE_CHARS);
	ids_time(when, expires);
	/* clang-format off */
	token = json_pack("{s:s, s:I, s:o, s:s}",
	    "participantId", id,
	    "duration", minutes,
	    "capabilities", capabilities_of(asked),
	    "expirationTime", when);
	/* clang-format on */
	pass_on(token, asked);
	claims = claims_of(token, stage, now, expires);
	text = token_text(claims);
	json_object_set_new(token, "token", json_string(text));
	json_decref(claims);
	free(text);
	return token;
}

json_t *
token_record(const json_t *token, const char *stage_arn)
{
	json_t *record = json_deep_copy(token);

	json_object_del(record, "token");
	json_object_set_new(record, "stageArn", json_string(stage_arn));
	return record;
}
