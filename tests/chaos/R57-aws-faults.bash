#!/usr/bin/env bash
# shellcheck source=tests/chaos/lib.bash disable=SC2119
. "$(dirname "$0")/lib.bash"
title R57 "Each operation of AWS with each fault" \
	"22 operations, 19 faults, at the emulator; then CreateStage whose answer is lost, through the API"

stack_up AWS_MAX_ATTEMPTS=3 AUTO_SCALE_ENABLED=true
began=$(now_us) pids=()
for part in {0..20}; do
	"$BUILD_DIR/tests/tools/aws_matrix" "$part" 21 >"$CASE/matrix.$part" 2>&1 3>&- &
	pids+=($!)
done
wrong=0
for pid in "${pids[@]}"; do
	wait "$pid" || wrong=$((wrong + 1))
done
grep -hv ' checked, 0 wrong$' "$CASE"/matrix.* || true
is "operations with a wrong answer or too many tries" "$wrong" 0
is "checked: kind of error, tries" "$(cat "$CASE"/matrix.* | awk '/ checked, / { n += $1 } END { print n }')" $((22 * 19 - 1))
told "seconds" "$(since "$began")"

# However often the order is repeated: one stage, and found by its tag.
emulator DELETE faults >/dev/null
live
for action in effect-then-error effect-then-drop truncate; do
	name=lost-$action
	fault "{\"operation\":\"CreateStage\",\"action\":\"$action\",\"status\":500}"
	began=$(now_us)
	ordered() {
		api POST /api/stage "{\"name\":\"$name\"}" -H "Idempotency-Key: $name"
		[[ $http_status == 201 ]]
	}
	ordered || told "$action: the first answer" "$http_status $(json .error.code)"
	wait_until 60 ordered || true
	most "$action: seconds until the stage is known" "$(since "$began")" 60
	is "$action: stages of that name in AWS" "$(in_aws "$name")" 1
done
finish
