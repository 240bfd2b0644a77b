/* Whose fault an error of Redis is, and what a client is told of it. */
#include "io/redis_refusal.h"

#include "tap.h"
#include "base/banned.h"

#define PLACE_7 " script: 0a1b2c, on @user_script:5."
#define PLACE_6 "ERR Error running script (call to f_0a1b2c): @user_script:5: "

static const struct {
	const char *text, *word;
	bool ours, elsewhere;
	enum msg tell; /* MSG_NONE: not asked */
} cases[] = {
	{ "MOVED 8000 10.0.0.7:6379", "MOVED", false, true, MSG_REDIS_ELSEWHERE },
	{ "ASK 8000 10.0.0.7:6379", "ASK", false, true, MSG_REDIS_ELSEWHERE },
	{ "REDIRECT 10.0.0.7:6379", "REDIRECT", false, true, MSG_REDIS_ELSEWHERE },
	{ "CLUSTERDOWN The cluster is down", "CLUSTERDOWN", false, true,
	    MSG_REDIS_ELSEWHERE },
	{ "NOMASTERLINK Can't SYNC while not connected with my master", "NOMASTERLINK",
	    false, true, MSG_REDIS_ELSEWHERE },
	{ "MASTERDOWN Link with MASTER is down", "MASTERDOWN", false, true,
	    MSG_REDIS_ELSEWHERE },
	{ "UNBLOCKED force unblock from blocking operation", "UNBLOCKED", false, true,
	    MSG_REDIS_ELSEWHERE },
	{ "READONLY You can't write against a read only replica.", "READONLY", false,
	    true, MSG_REDIS_READ_ONLY },
	{ "READONLY You can't write against a read only replica." PLACE_7, "READONLY",
	    false, true, MSG_REDIS_READ_ONLY },
	{ PLACE_6 "@user_script: 5: -READONLY You can't write", "READONLY", false, true,
	    MSG_REDIS_READ_ONLY },
	{ PLACE_6 "@user_script: 5: -OOM command not allowed", "OOM", false, false,
	    MSG_REDIS_FULL },
	{ "OOM command not allowed when used memory > 'maxmemory'." PLACE_7, "OOM", false,
	    false, MSG_REDIS_FULL },
	{ "LOADING Redis is loading the dataset in memory", "LOADING", false, false,
	    MSG_REDIS_LOADING },
	{ "MISCONF Redis is configured to save RDB snapshots", "MISCONF", false, false,
	    MSG_REDIS_CANNOT_SAVE },
	{ "NOAUTH Authentication required.", "NOAUTH", false, false, MSG_REDIS_DENIED },
	{ "NOPERM this user has no permissions", "NOPERM", false, false,
	    MSG_REDIS_DENIED },
	{ "ERR The user executing the script can't run this command or subcommand" PLACE_7,
	    "ERR", false, false, MSG_REDIS_DENIED },
	{ "ERR ACL failure in script: User x has no permissions to run the 'hget' command" PLACE_7,
	    "ERR", false, false, MSG_REDIS_DENIED },
	{ "ERR ACL failure in script: No permissions to access a key" PLACE_7, "ERR",
	    false, false, MSG_REDIS_DENIED },
	{ "ERR Unknown command called from script" PLACE_7, "ERR", false, false,
	    MSG_REDIS_REFUSED },
	{ "ERR AUTH <password> called without any password configured for the default user",
	    "ERR", false, false, MSG_REDIS_DENIED },
	{ "CROSSSLOT Keys in request don't hash to the same slot", "CROSSSLOT", false,
	    false, MSG_REDIS_REFUSED },
	{ "IOERR error or timeout reading to target instance", "IOERR", false, false,
	    MSG_REDIS_REFUSED },
	{ "TRYAGAIN Multiple keys request during rehashing of slot", "TRYAGAIN", false,
	    false, MSG_REDIS_REFUSED },
	{ "BUSY Redis is busy running a script", "BUSY", false, false,
	    MSG_REDIS_REFUSED },
	{ "NOREPLICAS Not enough good replicas to write.", "NOREPLICAS", false, false,
	    MSG_REDIS_REFUSED },
	{ "SOMETHINGNEW that nobody has heard of", "SOMETHINGNEW", false, false,
	    MSG_REDIS_REFUSED },
	{ "ERR unknown command 'EVALSHA'", "ERR", false, false, MSG_REDIS_REFUSED },
	{ "ERR Unknown Redis command called from script" PLACE_7, "ERR", false, false,
	    MSG_REDIS_REFUSED },
	{ "ERR Script attempted to access keys that do not hash to the same slot" PLACE_7,
	    "ERR", false, false, MSG_REDIS_REFUSED },
	{ "ERR max number of clients reached", "ERR", false, false, MSG_REDIS_REFUSED },
	{ "ERR DB index is out of range", "ERR", false, false, MSG_REDIS_REFUSED },
	{ "", "ERR", false, false, MSG_REDIS_REFUSED },
	{ "lower case", "ERR", false, false, MSG_REDIS_REFUSED },
	/* ours */
	{ "WRONGTYPE Operation against a key holding the wrong kind of value" PLACE_7,
	    "WRONGTYPE", true, false, MSG_NONE },
	{ PLACE_6 "WRONGTYPE Operation against a key holding the wrong kind of value",
	    "WRONGTYPE", true, false, MSG_NONE },
	{ "ERR user_script:5: attempt to compare nil with number" PLACE_7, "ERR", true,
	    false, MSG_NONE },
	{ PLACE_6 "attempt to index a nil value", "ERR", true, false, MSG_NONE },
	{ "ERR syntax error" PLACE_7, "ERR", true, false, MSG_NONE },
	{ "ERR Error compiling script (new function): user_script:1: '=' expected", "ERR",
	    true, false, MSG_NONE },
};

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct reply r = { .type = REPLY_ERROR, .s = str_of(cases[i].text) };
		struct redis_refusal f = redis_refusal_of(&r);
		struct err err = ERR_INIT;

		ok(str_is(f.word, cases[i].word), "word of '%s'", cases[i].text);
		ok(f.ours == cases[i].ours && f.elsewhere == cases[i].elsewhere,
		    "whose it is");
		ok(!redis_reply_ok(&r, &err) && err.source == ERR_FROM_REDIS &&
			err.kind == (cases[i].ours ? ERR_BUG : ERR_UPSTREAM) &&
			err.tell == cases[i].tell,
		    "what is told");
		ok(strstr(err.cause, cases[i].word) != NULL, "the word is logged");
	}
	return done_testing();
}
