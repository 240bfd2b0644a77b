#!/usr/bin/env bash
# shellcheck source=tests/chaos/lib.bash disable=SC2119
. "$(dirname "$0")/lib.bash"
STEPS=$(size 1000000 20000) RACES=$(size 10000 1000)
title R17 "Random steps by eight workers against a reference model, and races (R19)" \
	"$STEPS joins, moves, beats, leaves, time-outs, kicks, bans, tokens in simulated time; $RACES races"

stack_up HEARTBEAT_TIMEOUT=60 AUTO_SCALE_ENABLED=false
# model WORDS...: in a prefix of its own and an empty history
model() {
	psql_q 'TRUNCATE users CASCADE' 2>/dev/null
	REDIS_KEY_PREFIX=${P}model-$1: "$BUILD_DIR/tests/tools/model" "$@" >"$CASE/$1" || true
}
of() { awk -v n="$2" '$1 == n { gsub(",", "", $2); print $2 }' "$CASE/$1"; }

model steps "$STEPS" 0
while read -r name value; do told "$name" "$value"; done <"$CASE/steps"
least "steps" "$(of steps steps)" "$STEPS"
is "differences between the stores and the model" "$(of steps differences)" 0
REDIS_KEY_PREFIX=${P}model-steps: "$BUILD_DIR/ctl/ivsctl" presence check >"$CASE/check" && agrees=1 || agrees=0
is "presence check finds nothing to repair" "$agrees" 1

model races "$RACES"
is "races" "$(of races races)" "$RACES"
is "differences" "$(of races differences)" 0
finish
