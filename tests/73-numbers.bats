# Viewers over the last hours, from the snapshots.

load lib/common

HS=arn:aws:ivs:$AWS_REGION:$AWS_ACCOUNT_ID:stage/History
snap() { # STAGE SECONDS_AGO VIEWERS PEAK, in a slot of five minutes
	psql_q "INSERT INTO viewer_stats_snapshots (stage_arn, snapshot_time, viewer_count, peak_viewers)
		VALUES ('$1', to_timestamp(floor(extract(epoch FROM now() - interval '$2 s') / 300) * 300), $3, $4)"
}
unsnap() { psql_q "DELETE FROM viewer_stats_snapshots WHERE stage_arn LIKE '$HS%'"; }
points() { json '[.data.points[] | "\(.viewerCount)/\(.peakViewers)"] | join(" ")'; }

@test "history: the snapshots of a stage, oldest first, of the hours asked for" {
	unsnap
	snap "${HS}a" 1200 5 9
	snap "${HS}a" 3000 3 4
	snap "${HS}a" 90000 1 1
	snap "${HS}b" 1200 7 8
	api GET "/api/stats/history?stageArn=${HS}a"
	equals "$http_status $(points)" '200 3/4 5/9'
	equals "$(json '[.data.points[].time | test("^2[0-9-]{9}T[0-9]{2}:[0-9][05]:00\\.000Z$")] | all')" true
	api GET "/api/stats/history?hours=48&stageArn=$(uri "${HS}a")"
	equals "$(points)" '1/1 3/4 5/9'
	api GET "/api/stats/history?stageArn=${HS}none"
	equals "$http_status $(json '.data | tojson')" '200 {"points":[]}'
	unsnap
}

@test "history: without a stage the sum of all" {
	unsnap
	psql_q "DELETE FROM viewer_stats_snapshots WHERE snapshot_time < now() - interval '2100 hours'"
	# An hour that no other test writes.
	snap "${HS}a" 7570000 5 9
	snap "${HS}b" 7570000 7 8
	api GET "/api/stats/history?hours=2160"
	equals "$http_status $(json '.data.points[0] | "\(.viewerCount)/\(.peakViewers)"')" '200 12/17'
	unsnap
}

@test "history: over a week a point is an hour, with the average and the most" {
	unsnap
	psql_q "INSERT INTO viewer_stats_snapshots (stage_arn, snapshot_time, viewer_count, peak_viewers)
		SELECT '${HS}a', date_trunc('hour', now(), 'UTC') - interval '200 hours' + i * interval '5 minutes', v, p
		FROM (VALUES (0, 1, 2), (3, 2, 30), (11, 5, 6), (12, 8, 9)) AS t (i, v, p)"
	api GET "/api/stats/history?hours=300&stageArn=${HS}a"
	equals "$http_status $(points)" '200 3/30 8/9'
	equals "$(json '[.data.points[].time | test(":00:00\\.000Z$")] | all')" true
	unsnap
}

@test "history: hours are 1 to 2160, and the stage an ARN" {
	local query
	for query in hours=0 hours=2161 hours=-1 hours=x hours= stageArn=nonsense stageArn=; do
		api GET "/api/stats/history?$query"
		equals "$query $http_status" "$query 400"
	done
	api GET '/api/stats/history?hours=1'
	assert_status 200
}

@test "history: is 503 without PostgreSQL, and the live numbers are not" {
	cgi stats GET /api/stats/history '' DB_HOST="$BATS_TEST_TMPDIR"
	equals "$http_status $(json '"\(.error.code) \(.error.details.dependency)"')" '503 SERVICE_UNAVAILABLE postgres'
	cgi stats GET /api/stats '' DB_HOST="$BATS_TEST_TMPDIR"
	matches "$http_status" '^200'
}
