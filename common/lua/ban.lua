-- ban: ban a person, if that is wanted, and tell what a kick has to know before it asks AWS.
-- ARGV[8] user  ARGV[9] '1' = ban him, '' = only look  ARGV[10] life of a viewer token, ms
-- -> {'OK', banned 0|1, drain due 0|1, now ms, what earlier kicks have done (lib/kicks): flat `ended`,
--     flat `cleared`, and of his seat and of the one he is moving from, if there
--     are: stage ARN, session id, participant id ('' = not known), ...}
--@include head epoch rate session bans fact kicks
local user = ARGV[8]
-- The fact first: a Redis that takes no more refuses the ban as a whole.
if ARGV[9] == '1' and not banned(user) then
	fact('ban', user, {at = now})
	redis.call('HSET', P .. 'bans', user, now)
end
local answer = {'OK', banned(user) and 1 or 0, drain_due(), now,
	redis.call('HGETALL', ended_key(user)), redis.call('HGETALL', cleared_key(user))}
-- From here on no token renews a participant of this session (join).
local function tell(arn, session)
	redis.call('SET', P .. 'kicked:' .. session.s, '1', 'PX', ARGV[10])
	for _, text in ipairs({arn, session.s, session.p or ''}) do answer[#answer + 1] = text end
end
local arn = redis.call('HGET', P .. 'viewer:stage', user)
local session = arn and session_of(user, arn)
if session then tell(arn, session) end
local _, old, moving = parked(user)
if moving then tell(old, moving) end
return answer
