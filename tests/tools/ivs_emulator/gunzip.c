/* gunzip.c - see gunzip.h */
#include "gunzip.h"

#include <stdlib.h>
#include <zlib.h>

#define GZIP_ONLY (16 + MAX_WBITS) /* zlib.h, inflateInit2(): no zlib header taken */

char *
gunzip(const char *data, size_t n, size_t max_bytes, size_t *ret_n)
{
	z_stream z = { 0 };
	char *out = malloc(max_bytes);
	int end;

	if (out == NULL || inflateInit2(&z, GZIP_ONLY) != Z_OK)
		abort();
	z.next_in = (Bytef *)(size_t)data; /* read only, though zlib does not say so */
	z.avail_in = (uInt)n;
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)max_bytes;
	end = inflate(&z, Z_FINISH);
	*ret_n = z.total_out;
	inflateEnd(&z);
	if (end == Z_STREAM_END && z.avail_in == 0)
		return out;
	free(out);
	return NULL;
}
