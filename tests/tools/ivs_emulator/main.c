/*
 * ivs_emulator - a stand-in for AWS IVS Real-Time, for tests and for the local stack.
 *
 * It shares no code with the program it tests: it is the independent referee of what we
 * send. See README.md for its options and its control plane.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include "bridge.h"
#include "emulator.h"
#include "faults.h"
#include "log.h"
#include "quotas.h"
#include "schema.h"
#include "server.h"
#include "settings.h"
#include "state.h"
#include "turn.h"

#define EXIT_OK 0
#define EXIT_FAILED 1
#define EXIT_USAGE 64 /* sysexits: EX_USAGE */

/* Blocked before the first thread starts, so that only sigwait() ever sees them. */
static void
block_signals(sigset_t *ret_ends)
{
	sigemptyset(ret_ends);
	sigaddset(ret_ends, SIGTERM);
	sigaddset(ret_ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, ret_ends, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static bool
open_parts(struct emulator *emu)
{
	emu->faults = faults_open();
	emu->quotas = quotas_open(emu->settings->quotas);
	return schema_open() && (emu->log = log_open(emu->settings->log_path)) != NULL &&
	       (emu->state = state_open(emu->settings)) != NULL &&
	       (emu->bridge = bridge_open(emu->settings)) != NULL &&
	       (emu->live = live_open(
		    emu->state, emu->bridge, emu->settings->auto_publish_ms)) != NULL;
}

static void
close_parts(struct emulator *emu)
{
	live_close(emu->live);
	bridge_close(emu->bridge);
	state_close(emu->state);
	log_close(emu->log);
	quotas_close(emu->quotas);
	faults_close(emu->faults);
	schema_close();
}

static int
serve(struct emulator *emu, uint16_t port, const sigset_t *ends)
{
	struct server *sv = server_open(emu, port, &port);
	int signal_number;

	if (sv == NULL)
		return EXIT_FAILED;
	printf("port %u\n", port);
	fflush(stdout);
	while (sigwait(ends, &signal_number) != 0)
		;
	faults_wake(emu->faults);
	server_close(sv);
	return EXIT_OK;
}

int
main(int argc, char **argv)
{
	struct settings s;
	struct emulator emu = { .settings = &s };
	sigset_t ends;
	int status = EXIT_FAILED;

	if (!settings_read(&s, argc, argv)) {
		fputs("try --help\n", stderr);
		return EXIT_USAGE;
	}
	if (s.help) {
		settings_usage(stdout);
		return EXIT_OK;
	}
	block_signals(&ends);
	if (open_parts(&emu))
		status = serve(&emu, s.port, &ends);
	close_parts(&emu);
	return status;
}
