-- leave: a viewer says good-bye.
-- ARGV[8] user  ARGV[9] stage ARN
-- -> {'OK', had a seat there 0|1, drain due 0|1}
--@include head epoch rate session
local user, arn = ARGV[8], ARGV[9]
local beat = tonumber(redis.call('ZSCORE', P .. 'viewer:heartbeat:' .. arn, user) or nil)
if not beat then
	-- He was about to move from here: that session ends now.
	local _, from = parked(user)
	if from == arn then end_parked(user) end
	return {'OK', from == arn and 1 or 0, drain_due()}
end
-- Who was silent for longer than the time-out had left already.
if lapsed(beat) then
	finish(user, arn, beat, 'timeout')
	return {'OK', 0, drain_due()}
end
finish(user, arn, now, 'leave')
end_parked(user)
return {'OK', 1, drain_due()}
