/*
 * settings.h - what the command line and the environment told the emulator.
 *
 * All strings are borrowed from argv, the environment or literals and live as long as the
 * process. session_token is NULL when the caller is expected to use long-term keys.
 */
#ifndef EMULATOR_SETTINGS_H
#define EMULATOR_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct settings {
	uint16_t port; /* 0: let the system choose */
	const char *state_path;
	const char *log_path;
	const char *access_key;
	const char *secret_key;
	const char *session_token;
	const char *region;
	const char *account;
	bool quotas;	     /* call rates are limited from the start */
	int auto_publish_ms; /* from the token until he publishes; -1: never */
	bool help;	     /* --help was given; nothing else is checked */
};

/* Read argv, then fill gaps from AWS_*. False: the reason was printed on stderr. */
bool settings_read(struct settings *s, int argc, char **argv);

void settings_usage(FILE *out);

#endif
