-- lock: a key that expires, read so that a clock of Redis which was set back cannot make it last longer:
-- what is left of it is never more than its life, ms.
local function held(key, life)
	local holder = redis.call('GET', key)
	if holder and redis.call('PTTL', key) > tonumber(life) then redis.call('PEXPIRE', key, life) end
	return holder
end
