-- stage_gone: a stage no longer exists in AWS. Ends the sessions there, some at a time, then
-- forgets it; for a day its viewers are told why (`gone:<arn>`). Needs no lock: it is a fact.
-- The master stays in the registry, since the settings name it, but takes nobody.
-- ARGV[8] stage ARN  ARGV[9] most sessions to end in this call
-- -> {'OK', ended, seats left; call again until none}
--@include head epoch stages fact entry session
local arn, limit = ARGV[8], tonumber(ARGV[9])
if known(arn) then entry_write(arn, {state = 'gone', picture = false, replica = cjson.null, direct = cjson.null}) end
redis.call('SET', P .. 'gone:' .. arn, now, 'PX', 86400000)
local users = redis.call('ZRANGE', beats(arn), 0, limit - 1, 'WITHSCORES')
for i = 1, #users, 2 do
	local beat = tonumber(users[i + 1])
	if lapsed(beat) then finish(users[i], arn, beat, 'timeout')
	else finish(users[i], arn, now, 'stage_deleted') end
end
local left = redis.call('ZCARD', beats(arn))
if left == 0 then
	redis.call('SREM', P .. 'viewer:stages', arn)
	redis.call('DEL', P .. 'peak:' .. arn)
	if arn ~= MASTER then stage_no_more(arn)
	else
		local was = publisher_fact()
		redis.call('SET', P .. 'publisher:status', 'offline')
		publisher_state(was)
	end
end
return {'OK', #users / 2, left}
