-- presence_where: what is there of some sessions.
-- ARGV[8] JSON array of [user, stage ARN, session id]
-- -> {'OK', 0|1|2, ...} for each: 0 nothing  1 he sits there with it, or is about to move away; also when
--    it is all that is left of a seat  2 he has a seat there, and it is without a session
--@include head epoch stages session seated
local answer = {'OK'}
for _, ask in ipairs(cjson.decode(ARGV[8])) do
	local user, arn, sid = ask[1], ask[2], ask[3]
	local session, _, _, waiting = session_of(user, arn), parked(user)
	answer[#answer + 1] = (session and session.s == sid or waiting and waiting.s == sid) and 1
		or has_seat(user, arn) and not whole_session(user, arn) and 2 or 0
end
return answer
