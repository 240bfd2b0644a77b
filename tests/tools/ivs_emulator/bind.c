/* bind.c - see bind.h */
#include "bind.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "js.h"

static int
hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* NULL unless it is sound UTF-8 without a NUL. New reference. */
static json_t *
decoded(const char *text, size_t n)
{
	char *out = malloc(n + 1);
	size_t made = 0;
	json_t *value;

	if (out == NULL)
		abort();
	for (size_t i = 0; i < n; i++) {
		bool escape = text[i] == '%' && n - i > 2 &&
			      isxdigit((unsigned char)text[i + 1]) &&
			      isxdigit((unsigned char)text[i + 2]);

		out[made++] =
		    escape ? (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]))
			   : text[i];
		i += escape ? 2 : 0;
	}
	value = memchr(out, '\0', made) == NULL ? json_stringn(out, made) : NULL;
	free(out);
	return value;
}

/* Each parameter becomes a member that is a list, so that the rules see them all. */
static bool
bind_query(json_t *in, const char *query)
{
	while (query != NULL && *query != '\0') {
		size_t n = strcspn(query, "&"), name_n = strcspn(query, "=&");
		json_t *name = decoded(query, name_n), *list;
		json_t *value = name_n < n ? decoded(query + name_n + 1, n - name_n - 1)
					   : json_string("");

		if (name == NULL || value == NULL) {
			json_decref(name);
			json_decref(value);
			return false;
		}
		list = json_object_get(in, json_string_value(name));
		if (list == NULL) {
			list = json_array();
			json_object_set_new(in, json_string_value(name), list);
		}
		json_array_append_new(list, value);
		json_decref(name);
		query += n + (query[n] == '&');
	}
	return true;
}

static bool
bind_path(json_t *in, const struct operation *op, const char *path)
{
	const char *segment = path + strlen(op->path);
	json_t *value = decoded(segment, strlen(segment));

	return json_object_set_new(in, op->path_member, value) == 0;
}

json_t *
bind_input(const struct operation *op, const struct request *rq)
{
	bool has_body = strcmp(op->method, "POST") == 0;
	json_error_t error;
	json_t *in;

	if (!has_body && rq->body_n > 0)
		return NULL;
	in = has_body ? json_loadb(rq->body != NULL ? rq->body : "", rq->body_n,
			    JSON_REJECT_DUPLICATES, &error)
		      : json_object();
	if (op->path_member == NULL || !json_is_object(in))
		return in;
	/* What belongs into the path has no place in the body. */
	if (json_object_get(in, op->path_member) == NULL && bind_query(in, rq->query) &&
	    bind_path(in, op, rq->path))
		return in;
	json_decref(in);
	return NULL;
}
