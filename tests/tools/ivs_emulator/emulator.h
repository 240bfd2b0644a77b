/*
 * emulator.h - the parts of one running emulator, opened and closed by main.c.
 */
#ifndef EMULATOR_EMULATOR_H
#define EMULATOR_EMULATOR_H

struct settings;
struct state;
struct faults;
struct log;
struct keys;
struct imds;
struct metrics;

struct emulator {
	const struct settings *settings;
	struct state *state;
	struct faults *faults;
	struct log *log;
	struct keys *keys;
	struct imds *imds;
	struct metrics *metrics;
};

#endif
