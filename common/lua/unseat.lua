-- unseat: give back a seat whose token could not be made; it is no view. Who was moved for it sits
-- where he sat, as if nothing had happened.
-- ARGV[8] user  ARGV[9] stage ARN  ARGV[10] session id; another session is left alone
-- ARGV[11] the stage he was moved from, '' = none
-- -> {'OK', freed 0|1}
--@include head session
local user, arn, from = ARGV[8], ARGV[9], ARGV[11]
local session = session_of(user, arn)
if not session or session.s ~= ARGV[10] then return {'OK', 0} end
finish(user, arn, now, 'void')
if from ~= '' and session_of(user, from) then
	redis.call('HSET', P .. 'viewer:stage', user, from)
end
return {'OK', 1}
