#!/bin/sh
# negations.sh - in a Bats test `! command` asserts nothing unless it is the last command: errexit
# ignores it. `run ! command` does.
set -eu
cd "$(dirname "$0")/.."
# shellcheck disable=SC2016 # awk's own
awk '
	FNR == 1 { held = "" }
	held != "" && !/^\t*}/ { print held; bad = 1 }
	{ held = "" }
	/^\t+! / && !/\|\|/ { held = FILENAME ":" FNR ": " $0 }
	END { exit bad }' tests/*.bats >&2 || {
	echo "write  run ! command  (tests/negations.sh)" >&2
	exit 1
}
