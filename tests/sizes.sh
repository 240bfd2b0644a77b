#!/bin/sh
# sizes.sh - no file over 500 lines and no function over 60 without a reason, which is
# written on the line above it as  /* long: why */.
set -eu
cd "$(dirname "$0")/.."
bad=0
# What the project's own folders hold; names are without spaces.
ours() { find common fcgi cron ctl deploy sql tests -type f "$@"; }
for f in $(ours -name '*.[ch]' -o -name '*.lua' -o -name '*.sh' -o -name '*.bash' -o -name '*.bats'); do
	n=$(wc -l < "$f")
	if [ "$n" -gt 500 ] && ! grep -q 'long: ' "$f"; then
		echo "$f: $n lines" >&2; bad=1
	fi
done
for f in $(ours -name '*.c'); do
	awk -v f="$f" '
		/long: / { reason = NR }
		/^\{/ { s = NR }
		/^\}/ { if (s && NR - s > 60 && !(reason && s - reason < 8)) {
			printf "%s:%d: function of %d lines\n", f, s, NR - s; bad = 1 } s = 0 }
		END { exit bad }' "$f" >&2 || bad=1
done
exit $bad
