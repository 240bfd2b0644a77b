# A registry or a clock that is not as it should be stops nobody else.

load lib/common

setup() { go_live; }
cleanup() { "$BUILD_DIR/cron/heartbeat_cleanup" 2>>"$SUITE_DIR/log/cron.log"; }

@test "registry: viewers of an entry nobody can read are counted and ended (F24)" {
	stage=$(new_stage unreadable) u=$(fresh)
	seat "$u" "$stage"
	redis_c hset "${P}stages" "$stage" broken >/dev/null
	api GET "/api/stats/stages?arn=$stage"
	equals "$http_status $(json .data.viewerCount)" '200 1'
	seat "$(fresh)" "$stage"
	assert_error 404 NOT_FOUND
	make_silent "$u" "$stage" 300
	cleanup
	equals "$(seats "$stage")" 0
	redis_c hdel "${P}stages" "$stage" >/dev/null
}

@test "registry: odd values in one entry do not stop the snapshots of all" {
	stage=$(new_stage odd) base=${MASTER%/*}
	redis_c hset "${P}stages" "$base/Odd1" '{"maxViewers":-1}' "$base/Odd2" '{"autoScaled":"maybe"}' \
		"$base/Odd3" '{"createdAt":1e300}' "$base/Odd4" '{"tags":[1],"name":7}' >/dev/null
	run "$BUILD_DIR/cron/snapshot"
	redis_c hdel "${P}stages" "$base/Odd1" "$base/Odd2" "$base/Odd3" "$base/Odd4" >/dev/null
	echo "$output"
	equals "$status" 0
	equals "$(psql_q "select count(*) from viewer_stats_snapshots where stage_arn = '$stage'")" 1
}

@test "clock: a heartbeat from a clock that was ahead does not keep anybody for ever" {
	stage=$(new_stage ahead) u=$(fresh) v=$(fresh)
	seat "$u" "$stage"
	seat "$v" "$stage"
	make_silent "$u" "$stage" -3600
	make_silent "$v" "$stage" -3600
	now=$(redis_c time | head -n 1)
	beat "$u" "$stage"
	cleanup
	for who in "$u" "$v"; do
		score=$(redis_c zscore "${P}viewer:heartbeat:$stage" "$who")
		((score <= (now + 60) * 1000))
	done
}

@test "history: a stream of records that is none costs nobody his seat" {
	stage=$(new_stage no-stream) u=$(fresh)
	seat "$u" "$stage"
	written
	redis_c set "${P}records" x >/dev/null
	leave "$u" "$stage"
	assert_error 500 INTERNAL_ERROR
	redis_c del "${P}records" >/dev/null
	leave "$u" "$stage"
	equals "$http_status $(json .data.viewerLeft)" '200 true'
}

@test "registry: seats on a stage that has left it are ended all the same" {
	stage=$(new_stage left) u=$(fresh)
	seat "$u" "$stage"
	redis_c hdel "${P}stages" "$stage" >/dev/null
	make_silent "$u" "$stage" 300
	cleanup
	equals "$(seats "$stage") $(redis_c hexists "${P}viewer:stage" "$u")" '0 0'
	equals "$(redis_c sismember "${P}viewer:stages" "$stage")" 0
}
