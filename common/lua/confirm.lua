-- confirm: the token of a seat exists. Notes the participant AWS has named, and ends the session
-- on the stage he was moved from, whose seat join kept for the case that no token could be made.
-- ARGV[8] user  ARGV[9] stage ARN  ARGV[10] session id  ARGV[11] participant id
-- ARGV[12] the stage he was moved from, '' = none
-- -> {'OK', noted 0|1} 0: the seat is another's by now
--@include head session
local user, arn, from = ARGV[8], ARGV[9], ARGV[12]
local session = session_of(user, arn)
if not session or session.s ~= ARGV[10] then return {'OK', 0} end
if session.p ~= ARGV[11] then
	session.p = ARGV[11]
	session_put(user, arn, session)
	record(user, arn, session, {})
end
if from ~= '' and from ~= arn then finish(user, from, now, 'moved') end
return {'OK', 1}
