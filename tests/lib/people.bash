# What is done about one person. Needs lib/common.
# shellcheck shell=bash disable=SC2034,SC2154

token() { api POST /api/token/viewer "$(obj userId "$1" stageArn "$2")"; } # USER ARN
# A token, and he uses it: $who is his participant id.
comes() { # USER ARN
	token "$1" "$2"
	assert_status 200 || return 1
	who=$(json .data.participantId)
	connect "$2" "$who"
}
connect() { emulator POST join "$(obj stageArn "$1" participantId "$2")" >/dev/null; } # ARN PARTICIPANT
kick() { api POST /api/viewer/kick "{\"userId\":\"$1\"${2:+,\"ban\":$2}}"; } # USER [BAN]
ban() { kick "$1" true; }
unban() { api DELETE "/api/viewer/ban/$(uri "$1")"; }
forget() { api DELETE "/api/viewer/history/$(uri "$1")"; }
