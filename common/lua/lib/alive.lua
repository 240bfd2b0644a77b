-- alive: for scripts that tell people who is watching. When the programs of the viewers have not been
-- there for over ten seconds (pulse.lua), or write to another Redis than this one, nobody can refresh
-- what is here: it is not known. Without a pulse (plain CGI, or two hours without programs) a write
-- tells at least a replica, by its error READONLY.
local function alive()
	local pulse = tonumber(redis.call('GET', P .. 'pulse') or nil)
	if pulse then return now - pulse <= 10000 end
	redis.call('SET', P .. 'probe', now, 'PX', 60000)
	return true
end
-- 1 or 0: for scripts that have more to tell than viewers. The error of the write is a 0, too.
local function viewers_known()
	local ok, known = pcall(alive)
	return ok and known and 1 or 0
end
