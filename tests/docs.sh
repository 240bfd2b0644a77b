#!/bin/sh
# docs.sh [--update] - the tables of settings in the READMEs are what the programs say; every
# route of the programs is in docs/openapi.yaml and in both READMEs, and nothing else is; so every
# error code and reason; every key and script of Redis is in docs/design.md, every job in the crontab and
# the READMEs; the line of deploy/redis-user.acl in docs/deployment.md. --update writes the tables.
set -eu
cd "$(dirname "$0")/.."
health=${BUILD_DIR:-build/release}/fcgi/health
bad=0

table() { # FILE: the part between the markers
	sed -n '/^<!-- settings -->$/,/^<!-- \/settings -->$/p' "$1" | sed '1d;$d'
}
check_table() { # FILE LANGUAGE
	said=$(mktemp)
	"$health" "--print-settings-table=$2" >"$said"
	if [ "${update:-}" ]; then
		awk -v said="$said" '
			/^<!-- settings -->$/ { print; while ((getline l < said) > 0) print l; skip = 1 }
			/^<!-- \/settings -->$/ { skip = 0 }
			!skip { print }' "$1" >"$1.new" && mv "$1.new" "$1"
	elif ! table "$1" | diff - "$said" >&2; then
		echo "$1: the table of settings is not what the programs say: tests/docs.sh --update" >&2
		bad=1
	fi
	rm -f "$said"
}
# "get /api/stats" for each route of the C tables, {param} for :param.
routes() {
	cat fcgi/*.c | tr -d '\n\t' | grep -oE 'METHOD_[A-Z]+, "[^"]*"' |
		sed -E 's/METHOD_([A-Z]+), "([^"]*)"/\1 \2/; s/:([A-Za-z]+)/{\1}/g' |
		awk '{ print tolower($1), $2 }' | sort
}
documented() {
	awk '/^  \// { sub(/:$/, ""); path = $1 }
		/^    (get|post|put|delete):/ { sub(/:/, ""); print $1, path }' docs/openapi.yaml | sort
}

# The same from the table of a README.
listed() { # FILE
	grep -E '^\| `(GET|POST|PUT|DELETE) /' "$1" | cut -d'|' -f2 |
		grep -oE '(GET|POST|PUT|DELETE) /[^` ]*' | sed -E 's/:([A-Za-z]+)/{\1}/g' |
		awk '{ print tolower($1), $2 }' | sort
}
codes_sent() { grep -oE '[0-9]{3}, "[A-Z_]+"' common/web/response.c | grep -oE '[A-Z_]{2,}' | sort -u; }
codes_documented() { awk '/^    ErrorCode:/ { on = 1; next } on && /^    [A-Z]/ { on = 0 }
	on && /- / { print $2 }' docs/openapi.yaml | sort; }
same() { # WHAT; $a is of the code, $b of the docs
	diff "$a" "$b" >&2 || { echo "$1 differ (< code, > docs)" >&2; bad=1; }
}
named() { # FILE WORD
	grep -qE "\`$2[\` ]|/$2\"" "$1" || { echo "$1 does not name $2" >&2; bad=1; }
}

[ "${1:-}" != --update ] || update=1
check_table README.md en
check_table README.zh-TW.md zh-TW
a=$(mktemp) b=$(mktemp)
trap 'rm -f "$a" "$b"' EXIT
routes >"$a"
documented >"$b"
same "the route tables and docs/openapi.yaml"
for doc in README.md README.zh-TW.md; do
	listed "$doc" >"$b"
	same "the route tables and $doc"
done
codes_sent >"$a"
codes_documented >"$b"
same "the error codes and docs/openapi.yaml"
grep -oE '^	\[MSG_[A-Z_]+\] = "[A-Z_]+",' common/base/messages.c | cut -d'"' -f2 | sort -u >"$a"
while read -r reason; do
	grep -qwF "$reason" docs/openapi.yaml ||
		{ echo "docs/openapi.yaml has no reason $reason" >&2; bad=1; }
done <"$a"
cat common/lua/*.lua common/lua/lib/*.lua | grep -oE "P \.\. '[a-z_:]+" |
	cut -d"'" -f2 | sort -u >"$a"
while read -r key; do
	grep -qF "\`$key" docs/design.md || { echo "docs/design.md has no key $key" >&2; bad=1; }
done <"$a"
# Each kind of fact is in the table of what outlives Redis.
cat common/lua/*.lua common/lua/lib/*.lua | grep -oE "fact\('[a-z]+'" | cut -d"'" -f2 | sort -u >"$a"
while read -r kind; do
	grep -q "| record (\`$kind\`[,)]" docs/design.md ||
		{ echo "docs/design.md does not say how the fact $kind outlives Redis" >&2; bad=1; }
done <"$a"
for f in common/lua/*.lua; do named docs/design.md "$(basename "$f" .lua)"; done
for f in cron/*.c; do
	for doc in README.md README.zh-TW.md docs/design.md docs/deployment.md deploy/crontab; do
		named "$doc" "$(basename "$f" .c)"
	done
done
grep -qF "$(grep '^user ' deploy/redis-user.acl)" docs/deployment.md ||
	{ echo "docs/deployment.md shows another line than deploy/redis-user.acl" >&2; bad=1; }

# A settings file is no script of a shell: what it says is for ivsctl. The private stack's own file
# .run/env is one, and its key, made for this machine alone, may stand in the READMEs' commands.
if grep -nE '(^|[;(&|] *|`)(\.|source) +"?[^ ]*env\b|xargs.*[^ ]*env\b' README.md README.zh-TW.md docs/*.md |
	grep -vE '(\.|source) +\.run/env'; then
	echo "a document has a shell read a settings file: use ivsctl settings --sh" >&2
	bad=1
fi
if grep -niE -- '(-H|--header)[ =]?["'"'"'][^"'"'"']*(x-api-key|authorization|x-internal-secret) *:' docs/*.md; then
	echo "a document has a key in an argument, that is in the process list: use curl -H @-" >&2
	bad=1
fi
exit $bad
