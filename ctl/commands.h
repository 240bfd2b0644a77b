/*
 * commands.h - the one table of commands.                         layer: ctl
 */
#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H

#include <stdio.h>

#include "ctl/ctl.h"

/* Beside the bits of its options, a command may have these. */
#define CTL_STATE (1u << 28)	/* it needs the state of the show in Redis */
#define CTL_READS (1u << 29)	/* it changes nothing */
#define CTL_MANY (1u << 30)	/* its last argument may be repeated */
#define CTL_UNLOADED (1u << 31) /* it runs before settings are loaded: no cfg, no work */
_Static_assert(OPT_COUNT < 28, "the bits of options and those above are different ones");

struct ctl_command {
	const char *words[2]; /* the second may be NULL */
	const char *args;     /* as help shows them */
	size_t n_args;	      /* each is required */
	unsigned
	    options; /* bits of enum ctl_option, beside those everywhere, and of CTL_* */
	bool (*run)(struct ctl *c, struct err *err);
	const char *line; /* what it does, in one line */
	const char *text; /* and what one should know */
};
extern const struct ctl_command ctl_commands[];
extern const size_t ctl_commands_count;

struct ctl_option_help {
	const char *name;
	const char *arg; /* NULL: it has none */
	const char *line;
};
extern const struct ctl_option_help ctl_options[OPT_COUNT];

/* `ivsctl help`, and `ivsctl help COMMAND`. */
void ctl_help(FILE *out);
void ctl_help_command(const struct ctl_command *cmd, FILE *out);
/* All commands whose first word it is. */
void ctl_help_family(const char *word, FILE *out);

#endif
