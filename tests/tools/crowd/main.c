/*
 * crowd - many viewers, who join, beat, leave and vanish as a script says, and what they saw.
 *
 *   crowd BASE_URL -l ACK_LOG -o SUMMARY [-c CONNECTIONS=64] [-u USER_PREFIX=crowd]
 *         [-s STAGE_ARN]... < commands
 *
 * The key is the first one of API_SECRET_KEY.
 *
 * Commands, one a line; each begins at once, those before it go on:
 *
 *   phase NAME           what falls due from here on is counted under that name
 *   way rejoin|token     how they come in: by /api/viewer/rejoin, or for a token
 *   rejoin on|off        who is told 404 by a heartbeat rejoins at once
 *   join N [RATE]        N viewers more, RATE a second (0: as fast as it goes)
 *   beat SECONDS         each who sits beats so often, evenly spread; 0: nobody does
 *   leave N [RATE]       N of those who sit leave
 *   kill N               N of those who sit are not heard of any more
 *   sleep SECONDS        the next command waits so long
 *   wait                 until all joins, leaves and rejoins are answered (and the heartbeats,
 *                        when they were stopped); then prints "quiet SEATED"
 *   end                  as at the end of input: wait, write the summary, end
 *
 * Written for each: ACK_LOG (people.h), one line for each call that was acknowledged; SUMMARY
 * (count.h), JSON. Latency counts from when a call fell due, so waiting for a connection counts.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/tools/crowd/people.h"
#include "base/banned.h"

#define WORDS_MAX 4

static bool waiting, ending;
static int64_t asleep_until_us;

static void
die(const char *what)
{
	fprintf(stderr, "crowd: %s\n", what);
	exit(64);
}

static double
number(const char *text)
{
	char *end;
	double n = text == NULL ? 0 : strtod(text, &end);

	if (text != NULL && (*end != '\0' || end == text || n < 0))
		die("a number was expected");
	return n;
}

static void
do_phase(char **word)
{
	if (!count_phase(word[1]))
		die("too many phases, or too long a name");
}

static void
do_way(char **word)
{
	people_way(strcmp(word[1], "token") == 0 ? WAY_TOKEN : WAY_REJOIN);
}

static void
do_rejoin(char **word)
{
	people_rejoin(strcmp(word[1], "on") == 0);
}

static void
do_join(char **word)
{
	if (!people_join((uint32_t)number(word[1]), number(word[2])))
		die("too much at once");
}

static void
do_leave(char **word)
{
	if (!people_leave((uint32_t)number(word[1]), number(word[2])))
		die("too much at once");
}

static void
do_kill(char **word)
{
	people_kill((uint32_t)number(word[1]));
}

static void
do_beat(char **word)
{
	people_beat((int64_t)(number(word[1]) * 1000));
}

static void
do_sleep(char **word)
{
	asleep_until_us = clock_mono_us() + (int64_t)(number(word[1]) * 1e6);
}

static void
do_wait(char **word)
{
	(void)word;
	waiting = true;
}

static void
do_end(char **word)
{
	(void)word;
	people_beat(0);
	ending = waiting = true;
}

static const struct command {
	const char *name;
	int words; /* at least */
	void (*run)(char **word);
} commands[] = {
	{ "phase", 2, do_phase },
	{ "way", 2, do_way },
	{ "rejoin", 2, do_rejoin },
	{ "join", 2, do_join },
	{ "beat", 2, do_beat },
	{ "leave", 2, do_leave },
	{ "kill", 2, do_kill },
	{ "sleep", 2, do_sleep },
	{ "wait", 1, do_wait },
	{ "end", 1, do_end },
};

static void
command(char *line)
{
	char *word[WORDS_MAX] = { NULL }, *save = NULL, *p;
	size_t i;
	int n = 0;

	for (p = strtok_r(line, " ", &save); p != NULL && n < WORDS_MAX;
	     p = strtok_r(NULL, " ", &save))
		word[n++] = p;
	if (n == 0)
		return;
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(commands[i].name, word[0]) == 0 && n >= commands[i].words) {
			commands[i].run(word);
			return;
		}
	die(word[0]);
}

/* Lines that have come, as long as none says to wait. */
static void
read_commands(void)
{
	static char text[4096];
	static size_t n;
	char *end;

	while (!waiting && clock_mono_us() >= asleep_until_us) {
		end = memchr(text, '\n', n);
		if (end == NULL) {
			ssize_t more = read(STDIN_FILENO, text + n, sizeof(text) - n);

			if (more == 0)
				do_end(NULL);
			if (more <= 0)
				return;
			n += (size_t)more;
			continue;
		}
		*end = '\0';
		command(text);
		n -= (size_t)(end + 1 - text);
		memmove(text, end + 1, n);
	}
}

static void
run(void)
{
	struct people_now now;

	for (;;) {
		bool soon;

		read_commands();
		soon = people_turn();
		if (waiting && people_quiet()) {
			people_now(&now);
			printf("quiet %lld\n", (long long)now.seated);
			fflush(stdout);
			waiting = false;
			if (ending)
				return;
			continue;
		}
		http_turn(soon ? 1 : 10);
	}
}

int
main(int argc, char **argv)
{
	const char *keys = getenv("API_SECRET_KEY"), *ack_log = NULL, *summary = NULL,
		   *user_prefix = "crowd";
	struct people_now now;
	int connections = 64, option, i;
	char *stage_arns[64];
	int stage_count = 0;

	while ((option = getopt(argc, argv, "l:o:c:u:s:")) != -1)
		switch (option) {
		case 'l':
			ack_log = optarg;
			break;
		case 'o':
			summary = optarg;
			break;
		case 'c':
			connections = (int)number(optarg);
			break;
		case 'u':
			user_prefix = optarg;
			break;
		case 's':
			if (stage_count == 64)
				die("too many stages");
			stage_arns[stage_count++] = optarg;
			break;
		default:
			return 64;
		}
	if (optind + 1 != argc || keys == NULL || ack_log == NULL || summary == NULL ||
	    connections < 1)
		die("usage: crowd BASE_URL -l ACK_LOG -o SUMMARY [-c N] [-u PREFIX] [-s ARN]...");
	signal(SIGPIPE, SIG_IGN);
	fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
	count_begin();
	people_open(user_prefix, ack_log);
	for (i = 0; i < stage_count; i++)
		people_stage(stage_arns[i]);
	http_open(argv[optind], connections, keys, people_answered);
	run();
	people_now(&now);
	people_close();
	http_close();
	return count_write(summary, &now) ? 0 : 1;
}
