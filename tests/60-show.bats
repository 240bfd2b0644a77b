# One show from end to end: the numbers agree at every step.

load lib/common

setup() { go_live; }

numbers() { # viewers of the stage, as four different calls see them
	api GET "/api/stats/stages?arn=$1"; json .data.viewerCount
	api GET "/api/stage/$1"; json .data.viewerCount
	api GET "/api/viewer/list/$1"; json .data.activeViewers
	api GET "/api/stats/stages/${1##*/}"; json .data.viewerCount
}
all_say() { [ "$(numbers "$1" | sort -u)" = "$2" ]; }

@test "show: publisher, viewer, heartbeat, numbers, leave, history on the very next request" {
	stage=$(new_stage end-to-end)
	v=$(fresh)
	api POST /api/token/publisher "{\"userId\":\"$(fresh host)\"}"
	assert_status 200
	api GET /api/stats/publisher
	[ "$(json .data.isPublisherLive)" = true ]
	all_say "$stage" 0

	api POST /api/token/viewer "{\"userId\":\"$v\",\"stageArn\":\"$stage\"}"
	assert_status 200
	[ "$(json '.data | "\(.userId) \(.isNewViewer) \(.currentViewers) \(.expiresIn)"')" = "$v true 1 3600" ]
	participant=$(json .data.participantId)
	all_say "$stage" 1

	beat "$v" "$stage"
	assert_status 200
	[ "$(json .data.currentViewers)" = 1 ]
	[ "$(json .message)" = 心跳更新成功 ]
	api GET "/api/viewer/list/$stage"
	[ "$(json '.data.viewers[0] | "\(.userId) \(.participantId)"')" = "$v $participant" ]

	leave "$v" "$stage"
	assert_status 200
	[ "$(json .data.viewerLeft)" = true ]
	api GET "/api/viewer/history/$v"
	assert_status 200
	[ "$(json '.data | "\(.totalRecords) \(.history | length)"')" = "1 1" ]
	[ "$(json '.data.history[0] | "\(.stageArn) \(.participantId) \(.leftAt != null)"')" = \
		"$stage $participant true" ]
	all_say "$stage" 0
	api GET "/api/viewer/stats/$stage"
	[ "$(json '.data.stats | "\(.totalViews) \(.uniqueViewers)"')" = "1 1" ]
}

@test "show: the totals are the sum of the stages and count each person once" {
	a=$(new_stage sum-a) b=$(new_stage sum-b) u=$(fresh)
	for i in 1 2 3; do seat "$u-$i" "$a"; done
	seat "$u-4" "$b"
	seat "$u-3" "$b"
	all_say "$a" 2
	all_say "$b" 2
	api GET /api/stats
	[ "$(json '.data.totalViewers == ([.data.stages[].viewerCount] | add)')" = true ]
	wait_until 10 totals_agree
	[ ! -e "$BATS_TEST_TMPDIR/disagree" ]
}

# Viewers of other tests may lapse between two calls: only a total that is the same before and
# after must be what the call in between says.
totals_agree() {
	local before
	api GET /api/stats
	before=$(json .data.totalViewers)
	api GET /api/stats/viewers
	equals "$(json .data.calculatedFrom)" 'real-time sum'
	between=$(json .data.totalViewers)
	api GET /api/stats
	[ "$before" = "$(json .data.totalViewers)" ] || return 1
	equals "$between" "$before" || { touch "$BATS_TEST_TMPDIR/disagree"; return 1; }
}
