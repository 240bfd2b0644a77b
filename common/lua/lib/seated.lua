-- seated: what presence_look, _page, _where and _mend look at, a person at a time.
local SID = ('%x'):rep(8) .. ('%-' .. ('%x'):rep(4)):rep(3) .. '%-' .. ('%x'):rep(12)
local function has_seat(user, arn) return redis.call('ZSCORE', beats(arn), user) end
-- His session there; nil: none, or one that nobody could write to the history.
local function whole_session(user, arn)
	local session = session_of(user, arn)
	return session and session.s:match('^' .. SID .. '$') and session or nil
end
local function index_of(user) return redis.call('HGET', P .. 'viewer:stage', user) or '' end
-- A move on its way: what is parked. nil: nothing that makes sense.
local function whole_move(user)
	local _, arn, session = parked(user)
	if not session or not session.s:match('^' .. SID .. '$') then return nil end
	local seat = whole_session(user, index_of(user))
	if seat and seat.s == session.s then return nil end
	return session, arn
end
