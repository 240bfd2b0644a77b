# Events of EventBridge as the emulator and AWS send them, and what the show makes of them. Needs
# lib/common.
# shellcheck shell=bash disable=SC2034,SC2154

ago() { # SECONDS
	local ms=$(($(date +%s%3N) - $1 * 1000))
	date -u -d "@$((ms / 1000)).$(printf %03d $((ms % 1000)))" +%FT%T.%3NZ
}
id() { printf 'p%s%s' "$RANDOM" "$RANDOM"; }
# event STAGE PARTICIPANT NAME TIME [JQ_CHANGE]
event() {
	api POST /api/stats/events "$(jq -nc --arg a "$1" --arg p "$2" --arg n "$3" --arg t "$4" \
		'{version: "0", id: "x", "detail-type": "IVS Stage Update", source: "aws.ivs", account: "123456789012",
		time: $t, region: "r", resources: [$a], detail: {session_id: "st-1", event_name: $n, user_id: "broadcaster-u",
		participant_id: $p, event_time: ($t | sub("\\.[0-9]+Z$"; "Z")), event_time_precise: $t, replica: false}} | '"${5:-.}")"
}
publishes() { event "$1" "$2" 'Participant Published' "${3:-$(ago 0)}"; }
stops() { event "$1" "$2" 'Participant Unpublished' "${3:-$(ago 0)}"; }
said() { json '"\(.data.accepted) \(.data.reason) \(.data.isPublisherLive)"'; }
token() { # [STAGE]: a token to publish; sets $pid
	api POST /api/token/publisher "$(obj userId "$(fresh host)" stageArn "${1:-$MASTER}")"
	assert_status 200
	pid=$(json .data.participantId)
}
present() { # "STATUS PARTICIPANT SOURCE"
	local who
	who=$(redis_c get "${P}publisher:info" | jq -r .participantId)
	api GET /api/stats/publisher
	echo "$(json '.data.isPublisherLive') ${who:--} $(json .data.source)"
}
