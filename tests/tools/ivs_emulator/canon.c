/* canon.c - see canon.h */
#include "canon.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SEGMENTS_MAX 128
#define PAIRS_MAX 128

struct piece {
	const char *p;
	size_t n;
};

struct pair {
	char *name;
	char *value;
};

void
canon_hash(const void *data, size_t n, char out[CANON_HASH_CHARS + 1])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	SHA256(data, n, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static void
write_encoded(FILE *out, unsigned char c)
{
	if (c < 0x80 && (isalnum(c) || strchr("-._~", c) != NULL) && c != '\0')
		fputc(c, out);
	else
		fprintf(out, "%%%02X", c);
}

/* Empty and "." segments go, ".." takes its parent with it. */
static size_t
split_path(const char *path, struct piece *segments)
{
	size_t depth = 0;

	while (*path != '\0') {
		size_t n = strcspn(path, "/");

		if (n == 2 && memcmp(path, "..", 2) == 0)
			depth -= depth > 0;
		else if (n > 0 && !(n == 1 && *path == '.') && depth < SEGMENTS_MAX)
			segments[depth++] = (struct piece){ path, n };
		path += n + (path[n] == '/');
	}
	return depth;
}

static void
write_path(FILE *out, const char *path)
{
	struct piece segments[SEGMENTS_MAX];
	size_t depth = split_path(path, segments);
	size_t n = strlen(path);

	for (size_t i = 0; i < depth; i++) {
		fputc('/', out);
		for (size_t k = 0; k < segments[i].n; k++)
			write_encoded(out, (unsigned char)segments[i].p[k]);
	}
	if (depth == 0 || (n > 0 && path[n - 1] == '/'))
		fputc('/', out);
	fputc('\n', out);
}

static int
hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at;

	at = c == '\0' ? NULL : strchr(digits, tolower((unsigned char)c));
	return at == NULL ? -1 : (int)(at - digits);
}

/* Decoded and encoded again, so %7e and ~ sign alike; a plus sign is a plus sign. */
static char *
recode(struct piece in)
{
	char *text = NULL;
	size_t text_n;
	FILE *out = open_memstream(&text, &text_n);

	if (out == NULL)
		abort();
	for (size_t i = 0; i < in.n; i++) {
		unsigned char c = (unsigned char)in.p[i];

		if (c == '%' && i + 2 < in.n && hex_digit(in.p[i + 1]) >= 0 &&
		    hex_digit(in.p[i + 2]) >= 0) {
			c = (unsigned char)(hex_digit(in.p[i + 1]) * 16 +
					    hex_digit(in.p[i + 2]));
			i += 2;
		}
		write_encoded(out, c);
	}
	fclose(out);
	return text;
}

static int
compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0 ? order : strcmp(x->value, y->value);
}

static size_t
split_query(const char *query, struct pair *pairs)
{
	size_t count = 0;

	while (*query != '\0' && count < PAIRS_MAX) {
		size_t n = strcspn(query, "&");
		const char *eq = memchr(query, '=', n);
		size_t name_n = eq != NULL ? (size_t)(eq - query) : n;
		size_t value_at = eq != NULL ? name_n + 1 : n;

		if (n > 0) {
			pairs[count].name = recode((struct piece){ query, name_n });
			pairs[count++].value =
			    recode((struct piece){ query + value_at, n - value_at });
		}
		query += n + (query[n] == '&');
	}
	return count;
}

static void
write_query(FILE *out, const char *query)
{
	struct pair pairs[PAIRS_MAX];
	size_t count = query != NULL ? split_query(query, pairs) : 0;

	if (count > 0)
		qsort(pairs, count, sizeof(pairs[0]), compare_pairs);
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "%s%s=%s", i > 0 ? "&" : "", pairs[i].name, pairs[i].value);
		free(pairs[i].name);
		free(pairs[i].value);
	}
	fputc('\n', out);
}

/* Trimmed, and inner runs of blanks made one space. */
static void
write_value(FILE *out, const char *value)
{
	bool gap = false, begun = false;

	for (; *value != '\0'; value++) {
		if (isspace((unsigned char)*value)) {
			gap = true;
			continue;
		}
		if (gap && begun)
			fputc(' ', out);
		fputc(*value, out);
		begun = true;
		gap = false;
	}
}

/* A header sent twice signs as one, its values joined by commas in order. */
static void
write_header(FILE *out, const struct request *rq, const char *name, size_t name_n)
{
	bool first = true;

	fprintf(out, "%.*s:", (int)name_n, name);
	for (size_t i = 0; i < rq->n_headers; i++) {
		const struct header *h = &rq->headers[i];

		if (strlen(h->name) != name_n || strncasecmp(h->name, name, name_n) != 0)
			continue;
		if (!first)
			fputc(',', out);
		write_value(out, h->value);
		first = false;
	}
	fputc('\n', out);
}

char *
canon_request(const struct request *rq, const char *signed_headers, const char *body_hash)
{
	const char *name = signed_headers;
	char *text = NULL;
	size_t text_n;
	FILE *out = open_memstream(&text, &text_n);

	if (out == NULL)
		abort();
	fprintf(out, "%s\n", rq->method);
	write_path(out, rq->path);
	write_query(out, rq->query);
	while (*name != '\0') {
		size_t n = strcspn(name, ";");

		write_header(out, rq, name, n);
		name += n + (name[n] == ';');
	}
	fprintf(out, "\n%s\n%s", signed_headers, body_hash);
	fclose(out);
	return text;
}
