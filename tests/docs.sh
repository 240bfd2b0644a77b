#!/bin/sh
# docs.sh [--update] - the tables of settings in the READMEs are what the programs say, every
# route of the programs is in docs/openapi.yaml and nothing else is. --update writes the tables.
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

[ "${1:-}" != --update ] || update=1
check_table README.md en
check_table README.zh-TW.md zh-TW
a=$(mktemp) b=$(mktemp)
routes >"$a"
documented >"$b"
diff "$a" "$b" >&2 || { echo "docs/openapi.yaml and the route tables differ (< code, > docs)" >&2; bad=1; }
rm -f "$a" "$b"
exit $bad
