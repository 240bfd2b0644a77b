-- place: the two numbers of a stream id; 0, 0 for none.
local function place(id)
	local ms, n = (id or ''):match('^(%d+)-(%d+)$')
	return tonumber(ms) or 0, tonumber(n) or 0
end
-- Whether PostgreSQL has all up to there, as far as this Redis knows.
local function written(id)
	local ms, n = place(id)
	local here_ms, here_n = place(redis.call('GET', P .. 'records:written') or nil)
	return ms < here_ms or ms == here_ms and n <= here_n
end
