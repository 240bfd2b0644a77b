#!/bin/sh
# layers.sh - every #include of the project against the layer table (docs/design.md).
# Prints each include that reaches up or sideways; ends with 1 if there is one.
set -eu
cd "$(dirname "$0")/.."

allowed() {
	case $1 in
	common/base) echo 'base' ;;
	common/io) echo 'base io gen' ;;
	common/aws) echo 'base io aws' ;;
	common/domain) echo 'base io aws domain gen' ;;
	common/web) echo 'base io web gen' ;;
	common/job) echo 'base io domain job gen' ;;
	common/app) echo 'base io aws domain web job app gen' ;;
	fcgi | fcgi/*) echo 'app base domain web fcgi' ;;
	cron) echo 'app base domain job' ;;
	ctl) echo 'base aws domain ctl' ;;
	esac
}
# Libraries that only some files may see: header, then a pattern of files.
foreign() {
	case $1 in
	openssl/*) echo 'common/base/crypto.c|common/base/crypto_start.c|common/io/redis_conn.c|common/io/redis_tls.[ch]' ;;
	jansson.h) echo 'common/base/json.h|common/base/json.c' ;;
	hiredis/*) echo 'common/io/redis_reply.h|common/io/redis_reply.c' ;;
	libpq-fe.h) echo 'common/io/pg.c|common/io/pg_*' ;;
	curl/*) echo 'common/io/http.c' ;;
	fastcgi.h) echo 'common/web/fcgi.c' ;;
	esac
}

includes() { sed -n "s/^#include $1\\([^$2]*\\)$2.*/\\1/p" "$3"; }

list=$(mktemp)
trap 'rm -f "$list"' EXIT
bad=0
for f in common/*/*.[ch] fcgi/*.c fcgi/*/*.[ch] cron/*.c ctl/*.[ch]; do
	dir=$(dirname "$f")
	includes '"' '"' "$f" >"$list"
	while read -r inc; do
		layer=${inc%%/*}
		case " $(allowed "$dir") " in
		*" $layer "*) ;;
		*) echo "$f: includes $inc, which its layer may not" >&2; bad=1 ;;
		esac
	done <"$list"
	includes '<' '>' "$f" >"$list"
	while read -r inc; do
		who=$(foreign "$inc")
		[ -n "$who" ] || continue
		ok=0
		old_ifs=$IFS; IFS='|'
		# shellcheck disable=SC2254 # the table holds patterns
		for p in $who; do case $f in $p) ok=1 ;; esac; done
		IFS=$old_ifs
		[ $ok = 1 ] || { echo "$f: only $who may include <$inc>" >&2; bad=1; }
	done <"$list"
	case $f in
	*.c) last=$(sed -n 's/^#include "\([^"]*\)".*/\1/p' "$f" | tail -n 1)
		[ "$last" = base/banned.h ] || { echo "$f: base/banned.h must come last" >&2; bad=1; } ;;
	esac
done
# Looking through all keys blocks everyone's Redis: there is no such call anywhere.
if grep -nE "call\('(KEYS|SCAN|HSCAN|SSCAN|ZSCAN|FLUSH)" -r common/lua >&2 ||
	grep -nE 'STR\("(KEYS|SCAN|HSCAN|SSCAN|ZSCAN|FLUSH)' -r common fcgi cron ctl >&2; then
	bad=1
fi
# A script of seats, stages or publisher must not take a Redis that lost them for an empty show.
for f in common/lua/*.lua; do
	case $f in */restore_*.lua) continue ;; esac
	grep -qE "^--@include.* (session|stages|entry|publisher)( |$)|'(viewer|publisher):|'stages'" "$f" || continue
	grep -qE '^--@include.* epoch( |$)' "$f" || { echo "$f: must include epoch" >&2; bad=1; }
done
exit $bad
