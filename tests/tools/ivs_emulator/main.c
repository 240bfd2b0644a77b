/*
 * ivs_emulator - a stand-in for AWS IVS Real-Time, for tests and for the local stack.
 *
 * It shares no code with the program it tests: it is the independent referee of what we
 * send. See README.md for its options and its control plane.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include "emulator.h"
#include "faults.h"
#include "imds.h"
#include "keys.h"
#include "log.h"
#include "metrics.h"
#include "schema.h"
#include "server.h"
#include "settings.h"
#include "state.h"

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
	emu->keys = keys_open(emu->settings);
	emu->imds = imds_open();
	emu->metrics = metrics_open();
	return schema_open() && (emu->log = log_open(emu->settings->log_path)) != NULL &&
	       (emu->state = state_open(emu->settings)) != NULL;
}

static void
close_parts(struct emulator *emu)
{
	state_close(emu->state);
	log_close(emu->log);
	metrics_close(emu->metrics);
	imds_close(emu->imds);
	keys_close(emu->keys);
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
