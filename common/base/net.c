#include "base/net.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/parse.h"
#include "base/banned.h"

#define V4_BITS 96 /* of the mapped prefix ::ffff:0:0/96 */

static const unsigned char v4_prefix[12] = { [10] = 0xff, [11] = 0xff };

/* An address and nothing else. */
static bool
parse_bare(struct str s, struct net_addr *ret)
{
	char text[NET_TEXT_BYTES];
	struct net_addr a;

	if (s.n == 0 || s.n >= sizeof(text) || memchr(s.p, '\0', s.n) != NULL)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (memchr(text, ':', s.n) != NULL) {
		if (inet_pton(AF_INET6, text, a.b) != 1)
			return false;
	} else {
		memcpy(a.b, v4_prefix, sizeof(v4_prefix));
		if (inet_pton(AF_INET, text, a.b + sizeof(v4_prefix)) != 1)
			return false;
	}
	*ret = a;
	return true;
}

static bool
port_ok(struct str s)
{
	int64_t port;

	return parse_i64(s, 0, 65535, &port) && s.p[0] != '-';
}

bool
net_parse(struct str s, struct net_addr *ret)
{
	struct str rest, head;

	if (s.n > 0 && s.p[0] == '[') {
		rest = str_skip(s, 1);
		head = str_cut(&rest, ']');
		if (rest.p == NULL || memchr(head.p, ':', head.n) == NULL)
			return false;
		if (rest.n > 0 && (rest.p[0] != ':' || !port_ok(str_skip(rest, 1))))
			return false;
		return parse_bare(head, ret);
	}
	rest = s;
	head = str_cut(&rest, ':');
	/* One colon is a port; more make an IPv6 address. */
	if (rest.p != NULL && memchr(rest.p, ':', rest.n) == NULL)
		return port_ok(rest) && parse_bare(head, ret);
	return parse_bare(s, ret);
}

bool
net_is_v4(const struct net_addr *a)
{
	return memcmp(a->b, v4_prefix, sizeof(v4_prefix)) == 0;
}

bool
net_is_loopback(const struct net_addr *a)
{
	static const struct net_addr v6 = { { [15] = 1 } };

	return net_is_v4(a) ? a->b[12] == 127 : memcmp(a, &v6, sizeof(v6)) == 0;
}

void
net_text(const struct net_addr *a, char out[NET_TEXT_BYTES])
{
	if (net_is_v4(a))
		inet_ntop(AF_INET, a->b + sizeof(v4_prefix), out, NET_TEXT_BYTES);
	else
		inet_ntop(AF_INET6, a->b, out, NET_TEXT_BYTES);
}

static void
keep_bits(struct net_addr *a, int bits)
{
	int i;

	for (i = 0; i < 16; i++) {
		int left = bits - i * 8;

		if (left <= 0)
			a->b[i] = 0;
		else if (left < 8)
			a->b[i] &= (unsigned char)(0xff << (8 - left));
	}
}

void
net_truncated_text(
    const struct net_addr *a, int v4_bits, int v6_bits, char out[NET_TEXT_BYTES])
{
	struct net_addr net = *a;

	keep_bits(&net, net_is_v4(a) ? V4_BITS + v4_bits : v6_bits);
	net_text(&net, out);
}

void
net_bucket_text(const struct net_addr *a, char out[NET_TEXT_BYTES])
{
	struct net_addr net = *a;
	size_t n;

	if (net_is_v4(a)) {
		net_text(a, out);
		return;
	}
	keep_bits(&net, 64);
	inet_ntop(AF_INET6, net.b, out, NET_TEXT_BYTES);
	n = strlen(out);
	snprintf(out + n, NET_TEXT_BYTES - n, "/64");
}

/* "address" or "address/bits". */
static bool
parse_range(struct str item, struct net_range *ret)
{
	struct str bits_text = item, addr = str_cut(&bits_text, '/');
	struct net_range r;
	int64_t bits;
	bool v4 = addr.n > 0 && memchr(addr.p, ':', addr.n) == NULL;

	if (!parse_bare(addr, &r.addr))
		return false;
	r.bits = 128;
	if (bits_text.p != NULL) {
		if (!parse_i64(bits_text, 0, v4 ? 32 : 128, &bits) ||
		    bits_text.p[0] == '-')
			return false;
		r.bits = (int)bits + (v4 ? V4_BITS : 0);
	}
	keep_bits(&r.addr, r.bits);
	*ret = r;
	return true;
}

static size_t
count_items(struct str s)
{
	size_t i, n = 1;

	for (i = 0; i < s.n; i++)
		n += s.p[i] == ',';
	return n;
}

bool
net_list_parse(struct str s, struct net_list *ret, struct err *err)
{
	struct net_list l = { NULL, 0 };

	l.ranges = memory_zalloc(count_items(s), sizeof(*l.ranges));
	while (s.n > 0) {
		struct str item = str_trim(str_cut(&s, ','));

		if (item.n == 0)
			continue;
		if (!parse_range(item, &l.ranges[l.count])) {
			net_list_clear(&l);
			return err_set(err, ERR_CONFIG,
			    "'%.*s' is neither an address nor a network such as "
			    "10.0.0.0/8",
			    item.n > 64 ? 64 : (int)item.n, item.p);
		}
		l.count++;
	}
	*ret = l;
	return true;
}

void
net_list_clear(struct net_list *l)
{
	free(l->ranges);
	*l = (struct net_list){ NULL, 0 };
}

static bool
range_has(const struct net_range *r, const struct net_addr *a)
{
	int whole = r->bits / 8, rest = r->bits % 8;

	/* ::/0 means every IPv6 address, not by accident every IPv4 one as well. */
	if (r->bits < V4_BITS && net_is_v4(a))
		return false;
	if (memcmp(r->addr.b, a->b, (size_t)whole) != 0)
		return false;
	return rest == 0 || ((r->addr.b[whole] ^ a->b[whole]) >> (8 - rest)) == 0;
}

bool
net_list_has(const struct net_list *l, const struct net_addr *a)
{
	size_t i;

	for (i = 0; i < l->count; i++) {
		if (range_has(&l->ranges[i], a))
			return true;
	}
	return false;
}
