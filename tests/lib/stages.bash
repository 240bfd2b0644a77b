# Stages that a test makes through the API, and AWS seen from its console.
# shellcheck shell=bash disable=SC2154

# aws OPERATION BODY
aws() {
	curl -sS --aws-sigv4 "aws:amz:$AWS_REGION:ivs" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
		-H "X-Amz-Security-Token: $AWS_SESSION_TOKEN" -H 'Content-Type: application/json' \
		-d "$2" "$AWS_ENDPOINT_URL/$1"
}
# How many stages of this name there are in AWS.
in_aws() { aws ListStages '{"maxResults":100}' | jq "[.stages[] | select(.name == \"$1\")] | length"; }
fault() { emulator POST faults "$1" >/dev/null; }

# Delete what is in the registry: what the tests made since set_stages_aside.
remove_stages() {
	local arn
	for arn in $(redis_c hkeys "${P}stages" | grep -vxF "$MASTER"); do
		redis_c del "${P}viewer:heartbeat:$arn" "${P}viewer:session:$arn" >/dev/null
		api DELETE "/api/stage/$arn"
		matches "$http_status" '^(200|404)$' || return 1
	done
}
