-- unseat: give back a seat whose token could not be made; it is no view.
-- ARGV[8] user  ARGV[9] stage ARN  ARGV[10] session id; another session is left alone
-- -> {'OK', freed 0|1}
--@include head session
local session = session_of(ARGV[8], ARGV[9])
if not session or session.s ~= ARGV[10] then return {'OK', 0} end
finish(ARGV[8], ARGV[9], now, 'void')
return {'OK', 1}
