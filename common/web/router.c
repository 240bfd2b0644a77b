#include "web/router.h"

#include "base/banned.h"

/* How much of the path is fixed: SIZE_MAX all of it, 0 no match. */
static size_t
match(const char *pattern, struct str path, struct str *ret_rest)
{
	const char *colon = strstr(pattern, "/:");
	struct str fixed = { pattern,
		colon ? (size_t)(colon - pattern) + 1 : strlen(pattern) };

	if (colon == NULL)
		return str_eq(path, fixed) ? SIZE_MAX : 0;
	if (!str_starts(path, fixed) || path.n == fixed.n)
		return 0;
	*ret_rest = str_skip(path, fixed.n);
	return fixed.n;
}

bool
router_find(const struct route *routes, size_t n, struct req *rq,
    const struct route **ret, unsigned *ret_allow, struct err *err)
{
	struct str rest = STR_NULL;
	size_t best = 0, m, i;

	*ret = NULL;
	*ret_allow = 0;
	for (i = 0; i < n; i++) {
		m = match(routes[i].path, rq->path, &rest);
		if (m == 0 || m < best)
			continue;
		if (m > best) {
			best = m;
			*ret_allow = 0;
			*ret = NULL;
		}
		*ret_allow |= routes[i].method;
		if (routes[i].method == rq->method) {
			*ret = &routes[i];
			rq->rest = rest;
		}
	}
	if (best == 0)
		return err_tell(err, ERR_NOT_FOUND,
		    rq->path.n == 0 ? MSG_PATH_WRONG : MSG_NO_ROUTE, "no such route");
	if (*ret == NULL && rq->method != METHOD_OPTIONS)
		return err_set(err, ERR_METHOD, "method not allowed");
	return true;
}
