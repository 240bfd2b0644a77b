/* The file with the key that signs tokens. */
#include "fuzz.h"

#include "base/encode.h"
#include "domain/jwt.h"
#include "domain/signing_file.h"
#include "base/banned.h"

/* What the key signs is a token of three parts, the last a signature's size. */
static void
signs(struct arena *a, struct es384_key *key)
{
	json_t *claims = json_pack("{s:i}", "exp", 1);
	struct str token = STR_NULL, part, raw;
	struct err err = ERR_INIT;
	int i;

	PROPERTY(jwt_sign(a, key, STR("id"), claims, &token, &err));
	for (i = 0; i < 3; i++) {
		part = str_cut(&token, '.');
		PROPERTY(decode_base64url(a, part, &raw));
	}
	PROPERTY(token.p == NULL && raw.n == ES384_SIG_BYTES);
}

void
fuzz_one(struct arena *a, struct str in)
{
	struct signing_file f;
	struct err err = ERR_INIT;
	struct arn parts;
	char path[64];
	int fd;

	if (in.n > 32768)
		return;
	fd = fuzz_file(in, 0600, path);
	if (signing_file_read(path, &f, &err)) {
		PROPERTY(f.key != NULL);
		PROPERTY(f.arn[0] == '\0' ||
			 arn_parse(str_of(f.arn), STR("public-key"), &parts));
		signs(a, f.key);
		signing_file_free(&f);
	} else {
		fuzz_failed(&err);
		PROPERTY(err.kind == ERR_CONFIG);
	}
	close(fd);
}
