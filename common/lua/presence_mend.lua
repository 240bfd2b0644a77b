-- presence_mend: put right one thing that presence_look, _page or _where has found, if it is still so.
-- ARGV[8] fault  ARGV[9] user  ARGV[10] stage ARN  ARGV[11] session id the fault is about
-- ARGV[12] joined at, ms  ARGV[13] participant  ARGV[14] last known of, ms  (of a row)
-- ARGV[15] session id, should a new one be needed
-- -> {'OK', mended 0|1}
--@include head epoch stages session seated
local fault, user, arn, sid = ARGV[8], ARGV[9], ARGV[10], ARGV[11]
local beat, session = has_seat(user, arn), whole_session(user, arn)
local mend = {}

-- His session goes on from here; what was before is not known, or is closed.
local function begin(participant)
	local new = {s = ARGV[15], j = now, p = participant}
	session_put(user, arn, new)
	record(user, arn, new, {})
end

-- Its row is open: that says which session it was, and when it was heard of last.
function mend.session_no_seat()
	if beat then return 0 end
	return redis.call('HDEL', session_key(arn), user)
end

function mend.index_stray()
	if beat or index_of(user) ~= arn then return 0 end
	return redis.call('HDEL', P .. 'viewer:stage', user)
end

function mend.stage_unlisted()
	return redis.call('EXISTS', beats(arn)) == 1 and redis.call('SADD', P .. 'viewer:stages', arn) or 0
end

function mend.move_broken()
	return whole_move(user) and 0 or redis.call('HDEL', P .. 'viewer:moving', user)
end

function mend.seat_no_session()
	if not beat or session then return 0 end
	if lapsed(tonumber(beat)) then stand_up(user, arn) else begin(nil) end
	return 1
end

-- Where the index says he sits he does sit: this is his second seat, and there is one each.
function mend.index_wrong()
	local other = index_of(user)
	if not beat or other == arn then return 0 end
	if other ~= '' and has_seat(user, other) then finish(user, arn, tonumber(beat), 'moved')
	else redis.call('HSET', P .. 'viewer:stage', user, arn) end
	return 1
end

function mend.row_no_session()
	local his = {s = sid, j = tonumber(ARGV[12]), p = ARGV[13] ~= '' and ARGV[13] or nil}
	local _, _, waiting = parked(user)
	if session and session.s == sid or waiting and waiting.s == sid then return 0 end
	if beat and not session then session_put(user, arn, his)
	else record(user, arn, his, {l = math.max(his.j, math.min(now, tonumber(ARGV[14]))), r = 'timeout'}) end
	return 1
end

function mend.session_no_row()
	local waiting, from = whole_move(user)
	if session and session.s == sid then record(user, arn, session, {})
	elseif waiting and waiting.s == sid then record(user, from, waiting, {})
	else return 0 end
	return 1
end

function mend.session_row_ended()
	local waiting = whole_move(user)
	if session and session.s == sid then begin(session.p)
	elseif waiting and waiting.s == sid then redis.call('HDEL', P .. 'viewer:moving', user)
	else return 0 end
	return 1
end

return {'OK', mend[fault]()}
