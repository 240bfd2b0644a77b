-- participant: AWS has named the participant of a seat.
-- ARGV[8] user  ARGV[9] stage ARN  ARGV[10] session id  ARGV[11] participant id
-- -> {'OK', noted 0|1} 0: the seat is another's by now
--@include head session
local session = session_of(ARGV[8], ARGV[9])
if not session or session.s ~= ARGV[10] then return {'OK', 0} end
if session.p ~= ARGV[11] then
	session.p = ARGV[11]
	session_put(ARGV[8], ARGV[9], session)
	record(ARGV[8], ARGV[9], session, {})
end
return {'OK', 1}
