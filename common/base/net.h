/*
 * net.h - IP addresses and networks.                              layer: base
 *
 * Addresses are kept as IPv6; IPv4 is mapped (::ffff:a.b.c.d), so that one
 * comparison serves both.
 */
#ifndef BASE_NET_H
#define BASE_NET_H

#include "base/err.h"
#include "base/str.h"

#define NET_TEXT_BYTES 46

struct net_addr {
	unsigned char b[16];
};

struct net_list {
	struct net_range {
		struct net_addr addr;
		int bits;
	} * ranges;
	size_t count;
};

/* "192.0.2.1", "2001:db8::1", "[2001:db8::1]:443", "192.0.2.1:80". */
bool net_parse(struct str s, struct net_addr *ret);
bool net_is_v4(const struct net_addr *a);
/* 127.0.0.0/8 or ::1. */
bool net_is_loopback(const struct net_addr *a);
void net_text(const struct net_addr *a, char out[NET_TEXT_BYTES]);
/* The network of that many leading bits of an IPv4 or of an IPv6 address, as the text of its first
 * address. */
void net_truncated_text(
    const struct net_addr *a, int v4_bits, int v6_bits, char out[NET_TEXT_BYTES]);
/* What the rate limit counts by: the address, or the /64 of an IPv6 one. */
void net_bucket_text(const struct net_addr *a, char out[NET_TEXT_BYTES]);

/*
 * A comma list of addresses and networks ("10.0.0.0/8, ::1"). The list owns its
 * memory (memory.h: at the start only). ERR_CONFIG names the item that is wrong.
 */
bool net_list_parse(struct str s, struct net_list *ret, struct err *err);
void net_list_clear(struct net_list *l);
bool net_list_has(const struct net_list *l, const struct net_addr *a);

#endif
