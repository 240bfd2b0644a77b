-- unseat: give back a seat whose token could not be made; it is no view. Who had moved for it goes
-- on sitting where he sat, if that seat is still free.
-- ARGV[8] user  ARGV[9] stage ARN  ARGV[10] session id; another session is left alone, and one that
-- another call has asked for or a heartbeat has touched since
-- -> {'OK', freed 0|1}
--@include head epoch stages session seats
local user, arn = ARGV[8], ARGV[9]
local session = session_of(user, arn)
if not session or session.s ~= ARGV[10] then return {'OK', 0} end
if tonumber(redis.call('ZSCORE', beats(arn), user) or 0) > session.j then
	end_parked(user)
	return {'OK', 0}
end
finish(user, arn, now, 'void')
local _, old, old_session = parked(user)
local stage = old_session and (old == MASTER or redis.call('HEXISTS', P .. 'stages', old) == 1)
	and stage_of(old)
-- One that is being removed takes nobody, not even him.
local stays = stage and (not stage.state or stage.state == 'active' or stage.state == 'draining')
local taken, cap
if stays then taken, cap = load_of_started(stage) end
if stays and taken < cap then
	sit_down(user, old, old_session, now)
	redis.call('HDEL', P .. 'viewer:moving', user)
else
	end_parked(user)
end
return {'OK', 1}
