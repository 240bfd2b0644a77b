/* ids.c - see ids.h */
#include "ids.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

/* Ids that might repeat would break every promise of the emulator: stop at once. */
static void
random_bytes(unsigned char *out, size_t n)
{
	if (RAND_bytes(out, (int)n) == 1)
		return;
	fputs("ivs_emulator: no random numbers to be had\n", stderr);
	abort();
}

void
ids_alnum(char *out, size_t n)
{
	static const char symbols[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	unsigned char pool[32];
	size_t used = sizeof(pool), made = 0;

	while (made < n) {
		if (used == sizeof(pool)) {
			random_bytes(pool, sizeof(pool));
			used = 0;
		}
		/* Bytes past the last multiple of 62 would favour the first letters. */
		if (pool[used] < 248)
			out[made++] = symbols[pool[used] % 62];
		used++;
	}
	out[n] = '\0';
}

void
ids_hex(char *out, size_t n)
{
	unsigned char bytes[32];

	random_bytes(bytes, n / 2);
	for (size_t i = 0; i < n / 2; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

void
ids_request(char out[37])
{
	unsigned char b[16];
	size_t at = 0;

	random_bytes(b, sizeof(b));
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	for (size_t i = 0; i < sizeof(b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[at++] = '-';
		snprintf(out + at, 3, "%02x", b[i]);
		at += 2;
	}
}

char *
ids_base64url(const void *data, size_t n)
{
	char *out = malloc(4 * ((n + 2) / 3) + 1);
	char *to = out;

	if (out == NULL)
		abort();
	EVP_EncodeBlock((unsigned char *)out, data, (int)n);
	for (const char *from = out; *from != '\0' && *from != '='; from++)
		*to++ = *from == '+' ? '-' : *from == '/' ? '_' : *from;
	*to = '\0';
	return out;
}

void
ids_time(char out[IDS_TIME_BYTES], time_t t)
{
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, IDS_TIME_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void
ids_time_ms(char out[IDS_TIME_MS_BYTES], int64_t t_ms)
{
	time_t t = (time_t)(t_ms / 1000);
	struct tm tm;
	size_t n;

	gmtime_r(&t, &tm);
	n = strftime(out, IDS_TIME_MS_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, IDS_TIME_MS_BYTES - n, ".%03dZ", (int)(t_ms % 1000));
}

int64_t
ids_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
