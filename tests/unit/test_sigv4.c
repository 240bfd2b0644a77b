/*
 * Signatures: our own cases, and the vectors of SIGV4_VECTORS or
 * $PROJECT_ROOT/../shared/sigv4-vectors where one of them exists (read, never copied).
 */
#include "aws/sigv4.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "aws/times.h"
#include "base/crypto.h"
#include "base/encode.h"
#include "base/json.h"
#include "sigv4_cases.h"
#include "tap.h"
#include "base/banned.h"

#define FILE_MAX_BYTES 65536
#define VECTORS_COUNT 45

static struct arena arena;

static struct str
or_else(const char *s, const char *otherwise)
{
	return str_of(s != NULL ? s : otherwise);
}

static struct sigv4_request
request_of(const struct sigv4_case *c, struct sigv4_header headers[CASE_HEADERS_MAX])
{
	size_t n = 0;

	for (; n < CASE_HEADERS_MAX && c->headers[n][0] != NULL; n++) {
		headers[n].name = str_of(c->headers[n][0]);
		headers[n].value = str_of(c->headers[n][1]);
	}
	return (struct sigv4_request){
		.method = str_of(c->method),
		.path = str_of(c->path),
		.query = str_of(c->query),
		.headers = headers,
		.n_headers = n,
		.body = str_of(c->body),
		.region = or_else(c->region, "eu-central-1"),
		.service = or_else(c->service, "ivs"),
		.unix_s = c->unix_s,
	};
}

/* The header's value, put together from the parts the case knows. */
static struct str
authorization_of(
    const struct sigv4_case *c, const struct sigv4_request *rq, struct str amz_date)
{
	return str_printf(&arena,
	    "AWS4-HMAC-SHA256 Credential=" CASE_KEY_ID "/%.8s/%.*s/%.*s/aws4_request, "
	    "SignedHeaders=%s, Signature=%s",
	    amz_date.p, STR_ARG(rq->region), STR_ARG(rq->service), c->signed_headers,
	    c->signature);
}

static void
check_case(const struct sigv4_case *c)
{
	struct sigv4_header headers[CASE_HEADERS_MAX];
	struct sigv4_request rq = request_of(c, headers);
	struct sigv4_creds creds = { STR(CASE_KEY_ID), STR(CASE_SECRET),
		str_of(c->token) };
	struct sigv4_result got;
	struct str authorization;

	sigv4_sign(&arena, &rq, &creds, &got);
	authorization = authorization_of(c, &rq, got.amz_date);
	ok(str_is(got.canonical_request, c->canonical), "%s: canonical request", c->name);
	ok(str_is(got.signature, c->signature), "%s: signature", c->name);
	ok(str_eq(got.authorization, authorization), "%s: Authorization", c->name);
	arena_wipe(&arena);
}

/* What a vector's files say. */
struct vector {
	struct sigv4_header headers[SIGV4_HEADERS_MAX];
	struct sigv4_request rq;
	struct sigv4_creds creds;
	bool sign_body;
};

static struct str
file_read(const char *folder, const char *name, const char *kind)
{
	struct str path = str_printf(&arena, "%s/%s/%s.%s", folder, name, name, kind);
	char *text = arena_zalloc(&arena, FILE_MAX_BYTES);
	FILE *f = fopen(path.p, "r");
	size_t n;

	if (f == NULL)
		return STR_NULL;
	n = fread(text, 1, FILE_MAX_BYTES, f);
	fclose(f);
	return (struct str){ text, n };
}

static struct str
member(const json_t *object, const char *name)
{
	struct str s = json_view(json_object_get(object, name));

	return s.n > 0 ? str_dup(&arena, s) : STR_NULL;
}

static bool
inputs_read(const char *folder, const char *name, struct vector *v)
{
	struct err err = ERR_INIT;
	const json_t *creds;
	int64_t ms = 0;
	json_t *in;

	if (!json_parse_object(file_read(folder, name, "json"), &in, &err))
		return false;
	creds = json_object_get(in, "credentials");
	v->creds.access_key_id = member(creds, "access_key_id");
	v->creds.secret_access_key = member(creds, "secret_access_key");
	v->creds.session_token = member(creds, "token");
	v->rq.region = member(in, "region");
	v->rq.service = member(in, "service");
	v->rq.keep_dot_segments = !json_is_true(json_object_get(in, "normalize"));
	v->rq.omit_session_token =
	    json_is_true(json_object_get(in, "omit_session_token"));
	v->sign_body = json_is_true(json_object_get(in, "sign_body"));
	(void)aws_time_iso8601(member(in, "timestamp"), &ms);
	v->rq.unix_s = ms / 1000;
	json_decref(in);
	return ms > 0;
}

/* Paths may hold spaces: the target is what stands between the outer two. */
static void
request_line_read(struct str line, struct vector *v)
{
	const struct str tail = STR(" HTTP/1.1");

	v->rq.method = str_cut(&line, ' ');
	if (str_ends(line, tail))
		line.n -= tail.n;
	v->rq.path = str_cut(&line, '?');
	v->rq.query = line;
}

/* The local vectors sign only some of their headers. */
static bool
is_signed(struct str list, struct str name)
{
	if (list.n == 0)
		return true;
	while (list.n > 0)
		if (str_ieq(str_cut(&list, ';'), name))
			return true;
	return false;
}

static void
header_read(struct str line, struct str list, struct vector *v)
{
	struct sigv4_header *last = &v->headers[v->rq.n_headers - (v->rq.n_headers > 0)];
	struct str value = line, name = str_cut(&value, ':');

	if (line.p[0] == ' ' || line.p[0] == '\t') {
		last->value = str_printf(
		    &arena, "%.*s %.*s", STR_ARG(last->value), STR_ARG(str_trim(line)));
		return;
	}
	if (is_signed(list, name))
		v->headers[v->rq.n_headers++] = (struct sigv4_header){ name, value };
}

static bool
vector_read(const char *folder, const char *name, struct str list, struct vector *v)
{
	struct str rest = file_read(folder, name, "req");
	struct str line = str_cut(&rest, '\n');

	*v = (struct vector){ .rq.headers = v->headers };
	if (line.n == 0 || !inputs_read(folder, name, v))
		return false;
	request_line_read(line, v);
	for (line = str_cut(&rest, '\n'); line.n > 0; line = str_cut(&rest, '\n'))
		header_read(line, list, v);
	v->rq.body = rest;
	return true;
}

static void
body_hash_add(struct vector *v)
{
	unsigned char sum[SHA256_BYTES];
	struct buf b;

	buf_init(&b, &arena, 2 * sizeof(sum));
	crypto_sha256(v->rq.body, sum);
	encode_hex(&b, sum, sizeof(sum));
	v->headers[v->rq.n_headers++] =
	    (struct sigv4_header){ STR("x-amz-content-sha256"), buf_view(&b) };
}

/* "SignedHeaders=" of the expected header, for the vectors that name a selection. */
static struct str
selection(const char *folder, const char *name)
{
	struct err err = ERR_INIT;
	struct str list = STR_NULL;
	json_t *in;

	if (!json_parse_object(file_read(folder, name, "json"), &in, &err))
		return STR_NULL;
	list = member(in, "signed_headers");
	json_decref(in);
	return list;
}

static void
check_vector(const char *folder, const char *name)
{
	struct sigv4_result got;
	struct str authorization = file_read(folder, name, "authz");
	struct str mark = STR("Signature=");
	struct vector v;

	if (!vector_read(folder, name, selection(folder, name), &v)) {
		ok(false, "vector %s can be read", name);
		return;
	}
	if (v.sign_body)
		body_hash_add(&v);
	sigv4_sign(&arena, &v.rq, &v.creds, &got);
	ok(str_eq(got.canonical_request, file_read(folder, name, "creq")),
	    "vector %s: canonical request", name);
	ok(str_eq(got.string_to_sign, file_read(folder, name, "sts")),
	    "vector %s: string to sign", name);
	ok(got.signature.n == 64 && str_ends(authorization, got.signature) &&
		memmem(authorization.p, authorization.n, mark.p, mark.n) != NULL,
	    "vector %s: signature", name);
	ok(str_eq(got.authorization, authorization), "vector %s: Authorization", name);
	arena_wipe(&arena);
}

static int
is_case(const struct dirent *d)
{
	return d->d_name[0] != '.' && strchr(d->d_name, '.') == NULL;
}

static void
check_vectors(const char *folder)
{
	struct dirent **names;
	int n = scandir(folder, &names, is_case, alphasort);

	for (int i = 0; i < n; i++) {
		check_vector(folder, names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	ok(n == VECTORS_COUNT, "%d vectors were there, %d expected", n, VECTORS_COUNT);
}

static const char *
vectors_folder(char *out, size_t size)
{
	const char *named = getenv("SIGV4_VECTORS"), *root = getenv("PROJECT_ROOT");

	if (named != NULL && named[0] != '\0')
		return named;
	snprintf(out, size, "%s/../shared/sigv4-vectors", root != NULL ? root : ".");
	return access(out, R_OK) == 0 ? out : NULL;
}

int
main(void)
{
	char path[4096];
	const char *folder = vectors_folder(path, sizeof(path));

	if (!arena_init(&arena, ARENA_DEFAULT_BYTES))
		return 1;
	for (size_t i = 0; i < sizeof(sigv4_cases) / sizeof(*sigv4_cases); i++)
		check_case(&sigv4_cases[i]);
	if (folder != NULL)
		check_vectors(folder);
	arena_clear(&arena);
	return done();
}
