/*
 * load - many HTTP requests at once, and what became of each.
 *
 *   load BASE_URL CONCURRENCY [-H 'header: value']... < requests > results
 *
 * Input: a line per request, "METHOD PATH [BODY]". Output: a line per request, in the order of
 * their ends, "STATUS LINE_NUMBER MICROSECONDS"; status 0 = no answer. Ends with 0 when every request
 * was tried. Connections are kept, as browsers do.
 */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONCURRENCY_MAX 1024
#define TIMEOUT_S 60L

struct work {
	CURL *easy;
	char *line; /* METHOD PATH BODY, cut apart; the body is read from here */
	long number;
};

static const char *base;
static struct curl_slist *headers;
static long next_number;

static size_t
discard(char *p, size_t size, size_t n, void *arg)
{
	(void)p, (void)arg;
	return size * n;
}

static void
die(const char *what)
{
	fprintf(stderr, "load: %s\n", what);
	exit(1);
}

/* Takes the next line of input; false at its end. */
static bool
begin(struct work *w, CURLM *multi)
{
	char url[4096], *path, *body, *save = NULL;
	size_t size = 0;

	free(w->line);
	w->line = NULL;
	if (getline(&w->line, &size, stdin) <= 0)
		return false;
	w->line[strcspn(w->line, "\n")] = '\0';
	strtok_r(w->line, " ", &save);
	path = strtok_r(NULL, " ", &save);
	body = strtok_r(NULL, "", &save);
	if (path == NULL)
		die("a line must be METHOD PATH [BODY]");
	snprintf(url, sizeof(url), "%s%s", base, path);
	curl_easy_reset(w->easy);
	curl_easy_setopt(w->easy, CURLOPT_URL, url);
	curl_easy_setopt(w->easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(w->easy, CURLOPT_WRITEFUNCTION, discard);
	curl_easy_setopt(w->easy, CURLOPT_PRIVATE, w);
	curl_easy_setopt(w->easy, CURLOPT_TIMEOUT, TIMEOUT_S);
	curl_easy_setopt(w->easy, CURLOPT_PROXY, "");
	if (body != NULL)
		curl_easy_setopt(w->easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(w->easy, CURLOPT_CUSTOMREQUEST, w->line);
	w->number = ++next_number;
	return curl_multi_add_handle(multi, w->easy) == CURLM_OK;
}

static void
end(CURL *easy, CURLM *multi)
{
	struct work *w = NULL;
	curl_off_t us = 0;
	long status = 0;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&w);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &us);
	printf("%ld %ld %lld\n", status, w->number, (long long)us);
	curl_multi_remove_handle(multi, easy);
	begin(w, multi);
}

static void
run(CURLM *multi)
{
	struct CURLMsg *msg;
	int running = 1, left;

	while (running > 0) {
		if (curl_multi_perform(multi, &running) != CURLM_OK)
			die("curl_multi_perform");
		while ((msg = curl_multi_info_read(multi, &left)) != NULL) {
			if (msg->msg != CURLMSG_DONE)
				continue;
			end(msg->easy_handle, multi);
			running = 1;
		}
		curl_multi_poll(multi, NULL, 0, 100, NULL);
	}
}

int
main(int argc, char **argv)
{
	struct work *all;
	long concurrency, i;
	CURLM *multi;

	if (argc < 3)
		die("usage: load BASE_URL CONCURRENCY [-H header]... < requests");
	base = argv[1];
	concurrency = strtol(argv[2], NULL, 10);
	if (concurrency < 1 || concurrency > CONCURRENCY_MAX)
		die("concurrency must be 1 to 1024");
	headers = curl_slist_append(NULL, "Content-Type: application/json");
	headers = curl_slist_append(headers, "Expect:");
	for (i = 3; i + 1 < argc; i += 2)
		headers = curl_slist_append(headers, argv[i + 1]);
	curl_global_init(CURL_GLOBAL_ALL);
	multi = curl_multi_init();
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, concurrency);
	all = calloc((size_t)concurrency, sizeof(*all));
	if (multi == NULL || all == NULL)
		die("no memory");
	for (i = 0; i < concurrency; i++) {
		all[i].easy = curl_easy_init();
		if (!begin(&all[i], multi))
			break;
	}
	run(multi);
	for (i = 0; i < concurrency; i++) {
		if (all[i].easy != NULL)
			curl_easy_cleanup(all[i].easy);
		free(all[i].line);
	}
	free(all);
	curl_multi_cleanup(multi);
	curl_slist_free_all(headers);
	curl_global_cleanup();
	return 0;
}
