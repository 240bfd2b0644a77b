-- confirm: the token of a seat exists. Notes the participant AWS has named; if he moved, his old
-- session ends now.
-- ARGV[8] user  ARGV[9] stage ARN  ARGV[10] session id  ARGV[11] participant id
-- -> {'OK', noted 0|1} 0: he has left, or sits elsewhere, by now
--  | {'BANNED'} meanwhile: the token must not be handed out
--@include head epoch session bans
local user, arn = ARGV[8], ARGV[9]
if banned(user) then return {'BANNED'} end
local session = session_of(user, arn)
if not session or session.s ~= ARGV[10] then
	-- He moves on already: the session waits, and may come back.
	local at, old, waiting = parked(user)
	if waiting and waiting.s == ARGV[10] then
		waiting.p = ARGV[11]
		record(user, old, waiting, {})
		redis.call('HSET', P .. 'viewer:moving', user,
			string.format('%.0f %s %s', at, old, session_text(waiting)))
	end
	return {'OK', 0}
end
if session.p ~= ARGV[11] then
	session.p = ARGV[11]
	session_put(user, arn, session)
	record(user, arn, session, {})
end
end_parked(user)
return {'OK', 1}
