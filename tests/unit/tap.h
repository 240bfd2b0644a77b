/*
 * tap.h - a test program's output (TAP), for tests/unit.
 *
 * ok() and the is_...() print one line each; done_testing() prints the plan and gives
 * what main returns: 0 when all passed.
 */
#ifndef UNIT_TAP_H
#define UNIT_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static struct {
	int run, failed, planned;
} tap;

/* Optional: say beforehand how many there will be. */
static __attribute__((unused)) void
plan(int n)
{
	tap.planned = n;
	printf("1..%d\n", n);
}

static __attribute__((unused, format(printf, 1, 2))) void
diag(const char *fmt, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static __attribute__((unused, format(printf, 2, 3))) bool
ok(bool good, const char *fmt, ...)
{
	va_list ap;

	tap.run++;
	tap.failed += !good;
	printf("%sok %d - ", good ? "" : "not ", tap.run);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	return good;
}

static __attribute__((unused)) bool
is_int(long long got, long long want, const char *what)
{
	bool good = ok(got == want, "%s", what);

	if (!good)
		diag("got %lld, want %lld", got, want);
	return good;
}

/* NULL equals NULL only. */
static __attribute__((unused)) bool
is_text(const char *got, const char *want, const char *what)
{
	bool good = got != NULL && want != NULL ? strcmp(got, want) == 0 : got == want;

	ok(good, "%s", what);
	if (!good)
		diag("got '%s', want '%s'", got ? got : "(null)", want ? want : "(null)");
	return good;
}

static __attribute__((unused)) int
done_testing(void)
{
	bool all = tap.run > 0 && (tap.planned == 0 || tap.planned == tap.run);

	if (tap.planned == 0)
		printf("1..%d\n", tap.run);
	if (tap.failed > 0)
		diag("%d of %d failed", tap.failed, tap.run);
	return all && tap.failed == 0 ? 0 : 1;
}

/* The short name of the same. */
static __attribute__((unused)) int
done(void)
{
	return done_testing();
}

#endif
