/* keys.c - see keys.h */
#include "keys.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "ids.h"

#define ID_PREFIX "ASIA" /* of temporary credentials; long-term ones begin with AKIA */
#define ID_CHARS 20
#define SECRET_CHARS 40
#define TOKEN_PREFIX "IQoJb3JpZ2luX2VjE"
#define TOKEN_CHARS 400
#define RENEW_BEFORE_S 300

struct key {
	struct key *next; /* older */
	const char *id, *secret, *token;
	char made[ID_CHARS + SECRET_CHARS + TOKEN_CHARS + 3]; /* what they point to */
	time_t issued_at, said_end;			      /* said_end: as told */
	time_t end;					      /* 0: never */
	json_int_t requests;
};

struct keys {
	pthread_mutex_t lock;
	struct key *newest; /* the last of the chain is the fixed one */
	int life_s;
	bool stale; /* the newest is not to be handed out again */
};

struct keys *
keys_open(const struct settings *s)
{
	struct keys *k = calloc(1, sizeof(*k));
	struct key *fixed = calloc(1, sizeof(*fixed));

	if (k == NULL || fixed == NULL)
		abort();
	fixed->id = s->access_key;
	fixed->secret = s->secret_key;
	fixed->token = s->session_token;
	fixed->issued_at = clock_now();
	k->newest = fixed;
	k->life_s = KEYS_LIFE_DEFAULT_S;
	pthread_mutex_init(&k->lock, NULL);
	return k;
}

void
keys_close(struct keys *k)
{
	struct key *key;

	if (k == NULL)
		return;
	while ((key = k->newest) != NULL) {
		k->newest = key->next;
		OPENSSL_cleanse(key->made, sizeof(key->made));
		free(key);
	}
	pthread_mutex_destroy(&k->lock);
	free(k);
}

static struct key *
find(struct keys *k, const char *id)
{
	struct key *key;

	for (key = k->newest; key != NULL; key = key->next)
		if (strcmp(key->id, id) == 0)
			return key;
	return NULL;
}

static bool
token_fits(const char *wanted, const char *sent)
{
	if (wanted == NULL || sent == NULL)
		return wanted == sent;
	return strlen(wanted) == strlen(sent) &&
	       CRYPTO_memcmp(wanted, sent, strlen(wanted)) == 0;
}

enum key_state
keys_find(struct keys *k, const char *id, const char *token, const char **ret_secret)
{
	enum key_state state = KEY_GOOD;
	const struct key *key;

	pthread_mutex_lock(&k->lock);
	key = find(k, id);
	if (key == NULL || !token_fits(key->token, token))
		state = KEY_UNKNOWN;
	else if (key->end != 0 && clock_now() >= key->end)
		state = KEY_EXPIRED;
	else
		*ret_secret = key->secret;
	pthread_mutex_unlock(&k->lock);
	return state;
}

void
keys_used(struct keys *k, const char *id)
{
	struct key *key;

	pthread_mutex_lock(&k->lock);
	if ((key = find(k, id)) != NULL)
		key->requests++;
	pthread_mutex_unlock(&k->lock);
}

/* Secrets and tokens of AWS hold + and /, which a careless caller would encode. */
static void
base64_like(char *out, size_t n)
{
	ids_alnum(out, n);
	for (size_t i = 7; i + 1 < n; i += 19)
		out[i] = i % 2 != 0 ? '/' : '+';
}

static void
issue(struct keys *k)
{
	struct key *key = calloc(1, sizeof(*key));
	char *id, *secret, *token;
	size_t prefix = strlen(TOKEN_PREFIX);

	if (key == NULL)
		abort();
	id = key->made;
	secret = id + ID_CHARS + 1;
	token = secret + SECRET_CHARS + 1;
	memcpy(id, ID_PREFIX, strlen(ID_PREFIX));
	ids_alnum(id + strlen(ID_PREFIX), ID_CHARS - strlen(ID_PREFIX));
	for (char *p = id; *p != '\0'; p++)
		*p = (char)toupper((unsigned char)*p);
	base64_like(secret, SECRET_CHARS);
	memcpy(token, TOKEN_PREFIX, prefix);
	base64_like(token + prefix, TOKEN_CHARS - prefix - 2);
	memcpy(token + TOKEN_CHARS - 2, "==", sizeof("=="));
	key->id = id;
	key->secret = secret;
	key->token = token;
	key->issued_at = clock_now();
	key->end = key->said_end = key->issued_at + k->life_s;
	key->next = k->newest;
	k->newest = key;
	k->stale = false;
}

/* At least five minutes before the end AWS has new ones; short lives are halved. */
static bool
is_due(const struct keys *k)
{
	const struct key *key = k->newest;
	time_t life = key->said_end - key->issued_at;
	time_t margin = life / 2 < RENEW_BEFORE_S ? life / 2 : RENEW_BEFORE_S;

	return key->next == NULL || k->stale || key->end - clock_now() <= margin;
}

json_t *
keys_current(struct keys *k)
{
	char issued[IDS_TIME_BYTES], end[IDS_TIME_BYTES];
	json_t *out;

	pthread_mutex_lock(&k->lock);
	if (is_due(k))
		issue(k);
	ids_time(issued, k->newest->issued_at);
	ids_time(end, k->newest->said_end);
	out = json_pack("{s:s, s:s, s:s, s:s, s:s}", "AccessKeyId", k->newest->id,
	    "SecretAccessKey", k->newest->secret, "Token", k->newest->token,
	    "LastUpdated", issued, "Expiration", end);
	pthread_mutex_unlock(&k->lock);
	return out;
}

void
keys_set_life(struct keys *k, int life_s)
{
	pthread_mutex_lock(&k->lock);
	k->life_s = life_s;
	pthread_mutex_unlock(&k->lock);
}

void
keys_rotate(struct keys *k, int grace_s)
{
	time_t last = clock_now() + grace_s;

	pthread_mutex_lock(&k->lock);
	for (struct key *key = k->newest; key->next != NULL; key = key->next)
		if (key->end > last)
			key->end = last;
	k->stale = true;
	pthread_mutex_unlock(&k->lock);
}

static json_t *
describe(const struct key *key)
{
	char issued[IDS_TIME_BYTES], end[IDS_TIME_BYTES];

	ids_time(issued, key->issued_at);
	ids_time(end, key->end);
	return json_pack("{s:s, s:s, s:s, s:o, s:b, s:I}", "accessKeyId", key->id, "kind",
	    key->end != 0 ? "temporary" : "fixed", "issuedAt", issued, "expiresAt",
	    key->end != 0 ? json_string(end) : json_null(), "expired",
	    key->end != 0 && clock_now() >= key->end, "requests", key->requests);
}

json_t *
keys_list(struct keys *k)
{
	json_t *list = json_array();

	pthread_mutex_lock(&k->lock);
	for (const struct key *key = k->newest; key != NULL; key = key->next)
		json_array_insert_new(list, 0, describe(key));
	pthread_mutex_unlock(&k->lock);
	return list;
}
