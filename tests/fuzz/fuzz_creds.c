/*
 * Where keys come from: JSON of a container or an instance, a credentials file, the address
 * of a container's keys. The first line is the profile, or the address; the rest the text.
 */
#include "fuzz.h"

#include "aws/creds_source.h"
#include "aws/endpoint.h"
#include "base/banned.h"

static void
keys_are_sound(const struct creds_keys *k)
{
	PROPERTY(creds_text_ok(k->sign.access_key_id, CREDS_ID_MAX_BYTES));
	PROPERTY(creds_text_ok(k->sign.secret_access_key, CREDS_SECRET_MAX_BYTES));
	PROPERTY(k->sign.session_token.n == 0 ||
		 creds_text_ok(k->sign.session_token, CREDS_TOKEN_MAX_BYTES));
}

static void
from_json(struct arena *a, struct str text)
{
	struct creds c = { .cfg = fuzz_config() };
	struct creds_keys keys = { 0 };
	struct err why = ERR_INIT;

	PROPERTY(arena_init(&c.scratch, 2u << 20));
	if (creds_read_json(&c, text, "the test", &keys, &why)) {
		keys_are_sound(&keys);
		PROPERTY(keys.sign.session_token.n > 0);
	} else {
		fuzz_failed(&why);
		PROPERTY(why.kind == ERR_UPSTREAM);
		fuzz_clean(str_of(why.cause), sizeof(why.cause));
	}
	arena_clear(&c.scratch);
	(void)a;
}

static void
from_file(struct str text, struct str profile)
{
	struct creds_keys keys = { 0 };
	const char *what = NULL;

	switch (creds_file_parse(text, profile, &keys, &what)) {
	case CREDS_FOUND:
		keys_are_sound(&keys);
		break;
	case CREDS_NONE:
		break;
	case CREDS_FAILED:
		PROPERTY(what != NULL && what[0] != '\0');
	}
}

static void
from_address(struct arena *a, struct str address)
{
	struct config cfg = *fuzz_config();
	struct aws_endpoint endpoint;
	struct err why = ERR_INIT;
	struct str url = STR_NULL;

	cfg.aws_container_credentials_full_uri = address;
	if (creds_container_url(&cfg, a, &url, &why) == CREDS_FAILED)
		fuzz_failed(&why);
	err_clear(&why);
	if (!aws_endpoint_parse(address, &endpoint, &why)) {
		fuzz_failed(&why);
		return;
	}
	PROPERTY(endpoint.host.n > 0 && str_starts(address, endpoint.origin));
	PROPERTY(!str_ends(endpoint.prefix, STR("/")));
}

void
fuzz_one(struct arena *a, struct str in)
{
	struct str first = fuzz_line(&in);

	if (in.n > 65536 || first.n > 4096)
		return;
	from_json(a, in);
	from_file(in, first);
	from_address(a, first);
}
