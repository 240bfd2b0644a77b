/* imds.c - see imds.h */
#include "imds.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "faults.h"
#include "ids.h"
#include "keys.h"
#include "settings.h"

#define INSTANCE "/latest/"
#define CONTAINER "/v2/credentials/"
#define TTL_HEADER "x-aws-ec2-metadata-token-ttl-seconds"
#define TOKEN_HEADER "x-aws-ec2-metadata-token"
#define TTL_MAX_S 21600
#define TOKEN_CHARS 54 /* and "==" */
#define TOKENS_MAX 256 /* the oldest goes */
#define PATHS_MAX 64   /* counted one by one */

struct token {
	char text[TOKEN_CHARS + 3];
	time_t end;
};

struct imds {
	pthread_mutex_t lock;
	struct token tokens[TOKENS_MAX];
	size_t next_token;
	bool role;
	int status; /* of every answer; 0: no fault */
	int delay_ms;
	int expired_s; /* the Expiration told lies so far in the past; 0: it is the true one */
	char *authorization; /* wanted of a container; NULL: none */
	json_t *counts;
};

struct page {
	const char *method;
	const char *path;
	bool instance; /* only with a token */
	bool of_role;  /* 404 for an instance without a role */
	void (*run)(struct emulator *emu, const struct request *rq, struct reply *rp);
};

struct imds *
imds_open(void)
{
	struct imds *im = calloc(1, sizeof(*im));

	if (im == NULL)
		abort();
	im->role = true;
	im->counts = json_object();
	pthread_mutex_init(&im->lock, NULL);
	return im;
}

void
imds_close(struct imds *im)
{
	if (im == NULL)
		return;
	json_decref(im->counts);
	free(im->authorization);
	pthread_mutex_destroy(&im->lock);
	free(im);
}

static bool
begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool
imds_is_for(const struct request *rq)
{
	return begins(rq->path, INSTANCE) || begins(rq->path, CONTAINER);
}

static void
say(struct reply *rp, int status, const char *text)
{
	rp->status = status;
	snprintf(rp->content_type, sizeof(rp->content_type), "text/plain");
	snprintf(rp->raw, sizeof(rp->raw), "%s", text);
}

/* The page of errors is HTML there: a caller must not take it for an answer. */
static void
refuse(struct reply *rp, int status, const char *text)
{
	rp->status = status;
	snprintf(rp->content_type, sizeof(rp->content_type), "text/html");
	snprintf(rp->raw, sizeof(rp->raw),
	    "<html><head><title>%d - %s</title></head>"
	    "<body><h1>%d - %s</h1></body></html>",
	    status, text, status, text);
}

/* 1..21600 in digits; 0 when it is anything else. */
static int
read_ttl(const char *text)
{
	size_t n = text != NULL ? strspn(text, "0123456789") : 0;
	int ttl;

	if (n == 0 || n > 5 || text[n] != '\0')
		return 0;
	ttl = (int)strtol(text, NULL, 10);
	return ttl <= TTL_MAX_S ? ttl : 0;
}

static void
give_token(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	int ttl_s = read_ttl(request_header(rq, TTL_HEADER));
	struct imds *im = emu->imds;
	struct token *t;

	if (ttl_s == 0) {
		refuse(rp, 400, "Bad Request");
		return;
	}
	/* Tokens are not given through a proxy, which adds this header. */
	if (request_header(rq, "x-forwarded-for") != NULL) {
		refuse(rp, 403, "Forbidden");
		return;
	}
	pthread_mutex_lock(&im->lock);
	t = &im->tokens[im->next_token++ % TOKENS_MAX];
	ids_alnum(t->text, TOKEN_CHARS);
	memcpy(t->text + TOKEN_CHARS, "==", sizeof("=="));
	t->end = clock_now() + ttl_s;
	say(rp, 200, t->text);
	pthread_mutex_unlock(&im->lock);
	rp->extra_header = "X-Aws-Ec2-Metadata-Token-Ttl-Seconds";
	snprintf(rp->extra_value, sizeof(rp->extra_value), "%d", ttl_s);
}

static bool
has_token(struct imds *im, const struct request *rq)
{
	const char *sent = request_header(rq, TOKEN_HEADER);
	time_t now = clock_now();
	bool good = false;

	if (sent == NULL || strlen(sent) != TOKEN_CHARS + 2)
		return false;
	pthread_mutex_lock(&im->lock);
	for (size_t i = 0; i < TOKENS_MAX; i++)
		good |= im->tokens[i].end > now &&
			CRYPTO_memcmp(im->tokens[i].text, sent, TOKEN_CHARS + 2) == 0;
	pthread_mutex_unlock(&im->lock);
	return good;
}

static void
give_role(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	(void)emu, (void)rq;
	say(rp, 200, IMDS_ROLE);
}

/* The current ones, with the Expiration that is to be told. */
static json_t *
credentials(struct emulator *emu)
{
	json_t *out = keys_current(emu->keys);
	char end[IDS_TIME_BYTES];
	int expired_s;

	pthread_mutex_lock(&emu->imds->lock);
	expired_s = emu->imds->expired_s;
	pthread_mutex_unlock(&emu->imds->lock);
	if (expired_s > 0) {
		ids_time(end, clock_now() - expired_s);
		json_object_set_new(out, "Expiration", json_string(end));
	}
	return out;
}

static void
give_credentials(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	json_t *out = credentials(emu);

	(void)rq;
	json_object_set_new(out, "Code", json_string("Success"));
	json_object_set_new(out, "Type", json_string("AWS-HMAC"));
	snprintf(rp->content_type, sizeof(rp->content_type), "text/plain");
	reply_body(rp, out);
}

static void
give_region(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	(void)rq;
	say(rp, 200, emu->settings->region);
}

static bool
is_allowed(struct imds *im, const struct request *rq)
{
	const char *sent = request_header(rq, "authorization");
	bool ok;

	pthread_mutex_lock(&im->lock);
	ok = im->authorization == NULL ||
	     (sent != NULL && strcmp(sent, im->authorization) == 0);
	pthread_mutex_unlock(&im->lock);
	return ok;
}

static void
give_to_container(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	json_t *out;

	if (!is_allowed(emu->imds, rq)) {
		rp->status = 401;
		reply_body(rp, json_pack("{s:s, s:s}", "code", "Unauthorized", "message",
				   "the Authorization header is not the one wanted"));
		return;
	}
	out = credentials(emu);
	json_object_del(out, "LastUpdated");
	json_object_set_new(out, "RoleArn",
	    json_sprintf("arn:aws:iam::%s:role/" IMDS_ROLE, emu->settings->account));
	reply_body(rp, out);
}

static const struct page pages[] = {
	{ "PUT", INSTANCE "api/token", false, false, give_token },
	{ "GET", INSTANCE "meta-data/iam/security-credentials/", true, true, give_role },
	{ "GET", INSTANCE "meta-data/iam/security-credentials/" IMDS_ROLE, true, true,
	    give_credentials },
	{ "GET", INSTANCE "meta-data/placement/region", true, false, give_region },
	{ "GET", CONTAINER, false, true, give_to_container },
};

static const struct page *
find_page(const struct request *rq)
{
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		const struct page *p = &pages[i];

		if (strcmp(rq->method, p->method) == 0 &&
		    (strcmp(rq->path, p->path) == 0 ||
			(strcmp(p->path, CONTAINER) == 0 && begins(rq->path, CONTAINER))))
			return p;
	}
	return NULL;
}

static void
serve(struct emulator *emu, const struct request *rq, struct reply *rp, bool role)
{
	const struct page *p = find_page(rq);
	/* Version 1 is off, so a GET is refused before it is looked up. */
	bool instance = p != NULL ? p->instance : strcmp(rq->method, "GET") == 0;

	if (instance && begins(rq->path, INSTANCE) && !has_token(emu->imds, rq))
		refuse(rp, 401, "Unauthorized");
	else if (p == NULL || (p->of_role && !role))
		refuse(rp, 404, "Not Found");
	else
		p->run(emu, rq, rp);
}

/* (locked) A path beyond those kept is counted with the others. */
static void
count(struct imds *im, const char *path)
{
	json_int_t n;

	if (json_object_size(im->counts) >= PATHS_MAX &&
	    json_object_get(im->counts, path) == NULL)
		path = "other";
	n = json_integer_value(json_object_get(im->counts, path));
	json_object_set_new(im->counts, path, json_integer(n + 1));
}

void
imds_answer(struct emulator *emu, const struct request *rq, struct reply *rp)
{
	struct imds *im = emu->imds;
	int status, delay_ms;
	bool role;

	pthread_mutex_lock(&im->lock);
	count(im, rq->path);
	status = im->status;
	delay_ms = im->delay_ms;
	role = im->role;
	pthread_mutex_unlock(&im->lock);
	faults_wait(emu->faults, delay_ms);
	if (status != 0)
		refuse(rp, status, "injected");
	else
		serve(emu, rq, rp, role);
}

void
imds_set(struct imds *im, const json_t *in)
{
	const json_t *role = json_object_get(in, "role");
	const json_t *status = json_object_get(in, "status");
	const json_t *delay = json_object_get(in, "delayMs");
	const json_t *expired = json_object_get(in, "expiredSeconds");
	const char *text = json_string_value(json_object_get(in, "authorization"));

	pthread_mutex_lock(&im->lock);
	if (role != NULL)
		im->role = json_is_true(role);
	if (status != NULL)
		im->status = (int)json_integer_value(status);
	if (delay != NULL)
		im->delay_ms = (int)json_integer_value(delay);
	if (expired != NULL)
		im->expired_s = (int)json_integer_value(expired);
	if (text != NULL) {
		free(im->authorization);
		im->authorization = *text != '\0' ? strdup(text) : NULL;
	}
	pthread_mutex_unlock(&im->lock);
}

json_t *
imds_settings(struct imds *im)
{
	json_t *out;

	pthread_mutex_lock(&im->lock);
	out = json_pack("{s:b, s:i, s:i, s:i, s:b}", "role", im->role, "status",
	    im->status, "delayMs", im->delay_ms, "expiredSeconds", im->expired_s,
	    "authorizationWanted", im->authorization != NULL);
	pthread_mutex_unlock(&im->lock);
	return out;
}

json_t *
imds_counts(struct imds *im)
{
	json_t *out;

	pthread_mutex_lock(&im->lock);
	out = json_deep_copy(im->counts);
	pthread_mutex_unlock(&im->lock);
	return out;
}
