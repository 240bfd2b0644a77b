-- alive: for scripts that tell people who is watching. When the programs of the viewers have not been
-- there for over ten seconds (pulse.lua), or write to another Redis than this one, nobody can refresh
-- what is here: it is not known, and the script ends with {'STALE'}. Without a pulse (plain CGI, or two
-- hours without programs) a write tells at least a replica: READONLY. ARGV[8] 'anyway': for who decides
-- or repairs, and the operator.
if ARGV[8] ~= 'anyway' then
	local pulse = tonumber(redis.call('GET', P .. 'pulse') or nil)
	if pulse and now - pulse > 10000 then return {'STALE'} end
	if not pulse then redis.call('SET', P .. 'probe', now, 'PX', 60000) end
end
