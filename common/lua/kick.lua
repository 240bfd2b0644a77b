-- kick: AWS has ended the connections of a person where he sits. Ends the sessions that `ban` told of; one he began since is left alone.
-- ARGV[8] user  ARGV[9], ARGV[10] session ids ('' = none)
-- -> {'OK', freed a seat 0|1, drain due 0|1}
--@include head epoch session
local user, freed = ARGV[8], 0
local function told(session) return session and (session.s == ARGV[9] or session.s == ARGV[10]) end
local _, _, moving = parked(user)
if told(moving) then end_parked(user) end
local arn = redis.call('HGET', P .. 'viewer:stage', user)
if arn and told(session_of(user, arn)) then
	local beat = tonumber(redis.call('ZSCORE', P .. 'viewer:heartbeat:' .. arn, user) or nil) or 0
	-- Who was silent for longer than the time-out had left already.
	if lapsed(beat) then finish(user, arn, beat, 'timeout')
	else
		finish(user, arn, now, 'kicked')
		freed = 1
	end
end
return {'OK', freed, drain_due()}
