-- session: seats and the record of them. A seat is three entries that change together,
-- and a set that names where there may be some:
--   viewer:heartbeat:<arn>  zset  user -> last heartbeat, ms
--   viewer:session:<arn>    hash  user -> "<session id> <joined at, ms> <participant id>"
--   viewer:stage            hash  user -> arn
--   viewer:stages           set   every arn that may have seats, also when it has left the registry
-- A viewer who asks for a token of another stage has left his old seat, but his session there is
-- not over before the token exists:
--   viewer:moving           hash  user -> "<left at, ms> <old arn> <session as above>"
-- Every change appends to the stream `records`, one field `e`, JSON:
--   s session id, u user, a stage ARN, j joined at ms, p participant id,
--   g user agent, i address, n user name                 (at a join)
--   l left at ms, r reason: leave timeout moved kicked stage_deleted never_started  (at an end)
--   r = void: the join came to nothing and is no view
-- While the last heartbeat is the time he joined, nothing was heard of him since he got a token. A
-- join that itself is a sign of him (rejoin) sets it 1 ms later.
local function session_key(arn) return P .. 'viewer:session:' .. arn end
local function session_read(text)
	local sid, joined, pid = (text or ''):match('^(%S+) (%d+) (.*)$')
	return sid and {s = sid, j = tonumber(joined), p = pid ~= '' and pid or nil} or nil
end
local function session_text(s) return string.format('%s %.0f %s', s.s, s.j, s.p or '') end
local function session_of(user, arn)
	return session_read(redis.call('HGET', session_key(arn), user) or nil)
end
local function session_put(user, arn, s)
	redis.call('HSET', session_key(arn), user, session_text(s))
end
local function record(user, arn, session, more)
	local e = {u = user, a = arn, s = session.s, j = session.j, p = session.p}
	for k, v in pairs(more) do if v ~= '' then e[k] = v end end
	redis.call('XADD', P .. 'records', '*', 'e', cjson.encode(e))
end
local function sit_down(user, arn, session, at)
	redis.call('ZADD', P .. 'viewer:heartbeat:' .. arn, at, user)
	session_put(user, arn, session)
	redis.call('HSET', P .. 'viewer:stage', user, arn)
	redis.call('SADD', P .. 'viewer:stages', arn)
end
-- Take him from his seat.
local function stand_up(user, arn)
	redis.call('ZREM', P .. 'viewer:heartbeat:' .. arn, user)
	redis.call('HDEL', session_key(arn), user)
	if redis.call('HGET', P .. 'viewer:stage', user) == arn then
		redis.call('HDEL', P .. 'viewer:stage', user)
	end
end
-- Free the seat and record why. A session that cannot be read is dropped with the seat. The seat
-- goes first: a Redis without memory refuses a script whose first write adds something, and
-- leaving must work then. XLEN stops us before that should `records` be no stream.
local function finish(user, arn, at, reason)
	local session = session_of(user, arn)
	redis.call('XLEN', P .. 'records')
	stand_up(user, arn)
	if session then
		if reason == 'timeout' and at == session.j then reason = 'never_started' end
		record(user, arn, session, {l = math.max(at, session.j), r = reason})
	end
end
-- Leave a seat in a move that is not sure yet; and what becomes of it.
local function park(user, arn, at)
	local session = session_of(user, arn)
	if session then
		redis.call('HSET', P .. 'viewer:moving', user,
			string.format('%.0f %s %s', at, arn, session_text(session)))
	end
	stand_up(user, arn)
end
local function parked(user)
	local raw = redis.call('HGET', P .. 'viewer:moving', user) or ''
	local at, arn, text = raw:match('^(%d+) (%S+) (.*)$')
	return tonumber(at), arn, session_read(text)
end
-- How many who are about to move from this stage may yet stay there.
local function parked_from(arn)
	local flat, n = redis.call('HGETALL', P .. 'viewer:moving'), 0
	for i = 2, #flat, 2 do
		local at, from = flat[i]:match('^(%d+) (%S+) ')
		if from == arn and tonumber(at) >= cutoff then n = n + 1 end
	end
	return n
end
local function end_parked(user)
	local at, arn, session = parked(user)
	if not at then return end
	redis.call('XLEN', P .. 'records')
	redis.call('HDEL', P .. 'viewer:moving', user)
	if session then record(user, arn, session, {l = math.max(at, session.j), r = 'moved'}) end
end
-- The programs have not been there for longer than they ever are: nobody could beat, and nobody is
-- ended for it. They come back with a pulse, which decides what follows.
local function outage()
	local pulse = tonumber(redis.call('GET', P .. 'pulse') or nil)
	return pulse ~= nil and now - pulse > 10000
end
local function lapsed(beat) return beat < cutoff and not outage() end
-- End up to `limit` sessions whose heartbeat lapsed, at the time of that heartbeat.
local function evict(arn, limit)
	if outage() then return 0 end
	-- Nobody beats in the future (but for the 1 ms above): a clock that was ahead must not keep
	-- anybody for ever.
	local ahead = redis.call('ZRANGEBYSCORE', P .. 'viewer:heartbeat:' .. arn, '(' .. now + 1, '+inf',
		'LIMIT', 0, limit)
	for _, user in ipairs(ahead) do
		redis.call('ZADD', P .. 'viewer:heartbeat:' .. arn, 'XX', now, user)
	end
	local gone = redis.call('ZRANGEBYSCORE', P .. 'viewer:heartbeat:' .. arn,
		'-inf', '(' .. cutoff, 'WITHSCORES', 'LIMIT', 0, limit)
	for i = 1, #gone, 2 do
		finish(gone[i], arn, tonumber(gone[i + 1]), 'timeout')
	end
	return #gone / 2
end
-- Somebody wants a seat: end, of the `limit` longest silent, those of whom nothing was heard for
-- 30 s after the token. (As `cutoff` this is earlier while silence is forgiven.)
local function evict_unstarted(arn, limit)
	if outage() then return 0 end
	local mark = cutoff + math.max(0, ARGV[5] - 30000)
	local silent = redis.call('ZRANGEBYSCORE', P .. 'viewer:heartbeat:' .. arn,
		'-inf', '(' .. mark, 'WITHSCORES', 'LIMIT', 0, limit)
	local ended = 0
	for i = 1, #silent, 2 do
		local session, beat = session_of(silent[i], arn), tonumber(silent[i + 1])
		if session and session.j == beat then
			finish(silent[i], arn, beat, 'never_started')
			ended = ended + 1
		end
	end
	return ended
end
-- 1 when the oldest record waits for more than a second and nobody is draining.
local function drain_due()
	local first = redis.call('XRANGE', P .. 'records', '-', '+', 'COUNT', 1)[1]
	if not first or tonumber(first[1]:match('^%d+')) > now - 1000 then return 0 end
	-- More than any life of it (lock.lua): the clock was set back, and who drains cuts it.
	local left = redis.call('PTTL', P .. 'lock:records')
	return (left == -2 or left > 10000) and 1 or 0
end
