#include "io/redis_refusal.h"

#include "base/banned.h"

/* By the first word. A word that is not listed: MSG_REDIS_REFUSED, the connection stays. */
static const struct {
	const char *word;
	enum msg tell;
	bool elsewhere;
} words[] = {
	{ "OOM", MSG_REDIS_FULL, false },
	{ "LOADING", MSG_REDIS_LOADING, false },
	{ "MISCONF", MSG_REDIS_CANNOT_SAVE, false },
	{ "NOAUTH", MSG_REDIS_DENIED, false },
	{ "WRONGPASS", MSG_REDIS_DENIED, false },
	{ "NOPERM", MSG_REDIS_DENIED, false },
	{ "READONLY", MSG_REDIS_READ_ONLY, true },
	{ "MASTERDOWN", MSG_REDIS_ELSEWHERE, true },
	{ "NOMASTERLINK", MSG_REDIS_ELSEWHERE, true },
	{ "UNBLOCKED", MSG_REDIS_ELSEWHERE, true }, /* it was made a replica */
	{ "MOVED", MSG_REDIS_ELSEWHERE, true },
	{ "ASK", MSG_REDIS_ELSEWHERE, true },
	{ "REDIRECT", MSG_REDIS_ELSEWHERE, true }, /* Valkey 8 */
	{ "CLUSTERDOWN", MSG_REDIS_ELSEWHERE, true },
};

/* The server's refusals that have no word of their own, by a part of what they say. */
static const struct {
	const char *part;
	enum msg tell;
} sentences[] = {
	/* NOPERM in a script: of Redis 6 and 7; of Redis 8 and of Valkey */
	{ "The user executing the script can't", MSG_REDIS_DENIED },
	{ "ACL failure in script", MSG_REDIS_DENIED },
	{ "called without any password configured", MSG_REDIS_DENIED },
	{ "nknown command", MSG_REDIS_REFUSED }, /* in a script, too */
	{ "nknown Redis command", MSG_REDIS_REFUSED },
	{ "not allowed from script", MSG_REDIS_REFUSED },
	{ "cluster node", MSG_REDIS_REFUSED }, /* a key of another node, in a script */
	{ "hash to the same slot", MSG_REDIS_REFUSED }, /* the prefix has no hash tag */
};

static bool
has(struct str text, const char *part)
{
	return memmem(text.p, text.n, part, strlen(part)) != NULL;
}

/* The part behind the last "user_script: 12: "; older servers lead with where it happened. */
static struct str
behind_place(struct str text)
{
	static const char mark[] = "user_script:";
	struct str rest = text, found;
	const char *at;

	while ((at = memmem(rest.p, rest.n, mark, sizeof(mark) - 1)) != NULL) {
		rest = str_skip(rest, (size_t)(at - rest.p) + sizeof(mark) - 1);
		found = rest;
		while (found.n > 0 &&
		       (*found.p == ' ' || (*found.p >= '0' && *found.p <= '9')))
			found = str_skip(found, 1);
		if (found.n > 0 && *found.p == ':')
			text = str_trim(str_skip(found, 1));
	}
	return text;
}

/* The capital letters that an error begins with, "ERR" when it begins otherwise. */
static struct str
first_word(struct str text)
{
	size_t n = 0;

	text = behind_place(text);
	if (text.n > 0 && *text.p == '-')
		text = str_skip(text, 1);
	while (n < text.n && text.p[n] >= 'A' && text.p[n] <= 'Z')
		n++;
	if (n < 2 || (n < text.n && text.p[n] != ' '))
		return STR("ERR");
	return (struct str){ text.p, n };
}

static enum msg
sentence_of(struct str text)
{
	size_t i;

	for (i = 0; i < sizeof(sentences) / sizeof(*sentences); i++)
		if (has(text, sentences[i].part))
			return sentences[i].tell;
	return MSG_NONE;
}

struct redis_refusal
redis_refusal_of(const struct reply *r)
{
	struct redis_refusal f = { .tell = MSG_REDIS_REFUSED, .word = first_word(r->s) };
	enum msg sentence;
	size_t i;

	if (str_is(f.word, "ERR")) {
		sentence = sentence_of(r->s);
		f.ours = sentence == MSG_NONE && has(r->s, "user_script");
		f.tell = sentence != MSG_NONE ? sentence : f.tell;
		return f;
	}
	f.ours = str_is(f.word, "WRONGTYPE");
	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (str_is(f.word, words[i].word)) {
			f.tell = words[i].tell;
			f.elsewhere = words[i].elsewhere;
		}
	return f;
}
