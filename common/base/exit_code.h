/*
 * exit_code.h - what a program ends with, by kind of error.       layer: base
 *
 * The one place where a kind becomes a code of <sysexits.h>. A job is called by a
 * schedule: what it was asked for cannot be wrong, so such a kind is our own fault (70).
 * To a person at a command line it is an answer: 64 when what he wrote is wrong, 65 when
 * it cannot be done as things are (not there, exists already, in use).
 */
#ifndef BASE_EXIT_CODE_H
#define BASE_EXIT_CODE_H

#include "base/err.h"

int exit_code_of_job(enum err_kind kind);
int exit_code_of_command(enum err_kind kind);

#endif
