-- state.lua - before a run of tests/torture: what it needs; after it: whether all fits together.
-- ARGV: prefix, user, stage, what, status of the answer (0: none). -> 'well', or what is wrong
-- before: free (no seat), old (his last heartbeat is 20 s old), seat, unlock (no job runs)
-- after: check, or more than that when the answer said 200 or 201: seated, gone, beat
local P, user, arn, what, status = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local beats, sessions, places = P .. 'viewer:heartbeat:', P .. 'viewer:session:', P .. 'viewer:stage'
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)

local function record(sid, joined, more)
	local e = {s = sid, u = user, a = arn, j = joined}
	for k, v in pairs(more) do e[k] = v end
	redis.call('XADD', P .. 'records', '*', 'e', cjson.encode(e))
end
local function free()
	local s = redis.call('HGET', sessions .. arn, user)
	if not s then return end
	local sid, joined = s:match('^(%S+) (%d+)')
	redis.call('ZREM', beats .. arn, user)
	redis.call('HDEL', sessions .. arn, user)
	redis.call('HDEL', places, user)
	record(sid, tonumber(joined), {l = now, r = 'leave'})
end
local function seat()
	if redis.call('ZSCORE', beats .. arn, user) then return end
	local sid = string.format('00000000-0000-4000-8000-%012.0f', now % 1e12)
	redis.call('ZADD', beats .. arn, now, user)
	redis.call('HSET', sessions .. arn, user, string.format('%s %.0f ', sid, now))
	redis.call('HSET', places, user, arn)
	redis.call('SADD', P .. 'viewer:stages', arn)
	record(sid, now, {})
end
local function whole()
	local seats, held = 0, 0
	for _, a in ipairs(redis.call('SMEMBERS', P .. 'viewer:stages')) do
		for _, u in ipairs(redis.call('ZRANGE', beats .. a, 0, -1)) do
			seats = seats + 1
			if redis.call('HGET', places, u) ~= a then return u .. ' sits elsewhere' end
			if redis.call('HEXISTS', sessions .. a, u) == 0 then return u .. ' has no session' end
		end
		held = held + redis.call('HLEN', sessions .. a)
	end
	if redis.call('HLEN', places) ~= seats then return 'persons and seats differ' end
	if held ~= seats then return 'sessions and seats differ' end
	return 'well'
end

local before = {
	free = free,
	seat = seat,
	old = function() seat() redis.call('ZADD', beats .. arn, now - 20000, user) end,
	unlock = function()
		for _, job in ipairs({'heartbeat_cleanup', 'snapshot', 'purge', 'records', 'metrics', 'autoscale'}) do
			redis.call('DEL', P .. 'lock:job:' .. job)
		end
		redis.call('DEL', P .. 'lock:records')
		seat()
	end,
}
if before[what] then
	before[what]()
	return 'well'
end
local said, at = whole(), redis.call('ZSCORE', beats .. arn, user)
if said ~= 'well' or (status ~= '200' and status ~= '201') then return said end
if what == 'seated' and not at then return 'answered, and he has no seat' end
if what == 'gone' and at then return 'answered, and he still has a seat' end
if what == 'beat' and not (at and now - at < 10000) then return 'answered, and he was not heard' end
return 'well'
