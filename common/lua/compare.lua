-- compare: whether this Redis has all that PostgreSQL has (domain/compare.h). Its newest record must
-- be written off here, or still in the stream: else this is an old copy, or a replica that lagged
-- behind took over. Such a Redis is cold: it is loaded anew.
-- ARGV[8] id of the newest record that PostgreSQL has ('' = it has none)
-- ARGV[9] how many changes its API keys have seen
-- ARGV[10] run id of this server ('' = not known): noted when all is well, and ARGV[11] when, ms by the
-- clock of PostgreSQL. A mark of another server, or one older than ARGV[12] (the newest that the caller has
-- seen, 0 = none), tells that this Redis is a copy or was left for another one. What leaves no record may
-- be missing then (docs/design.md, "What outlives Redis"): `lost`, as in restore_end.lua
-- -> {'OK', `records:written` when PostgreSQL does not have that any more (restate.lua), else ''}
--  | {'KEYS'} the API keys here are others: publish them, then compare again
--  | {'COLD', was already 0|1}
--@include head place
if redis.call('EXISTS', P .. 'epoch') == 0 then return {'COLD', 1} end
if ARGV[8] ~= '' and not written(ARGV[8])
	and #redis.call('XRANGE', P .. 'records', ARGV[8], ARGV[8]) == 0 then
	redis.call('DEL', P .. 'epoch')
	return {'COLD', 0}
end
-- A place of the future tells nothing: the clock of Redis was set back.
local ms, n = place(ARGV[8])
local here = redis.call('GET', P .. 'records:written') or ''
local here_ms, here_n = place(here)
local less = here_ms <= now and (here_ms > ms or here_ms == ms and here_n > n) and here or ''
local keys = redis.call('GET', P .. 'api:keys:version') or ''
if keys:match('^%d+') ~= ARGV[9] then return {'KEYS'} end
local id, at = (redis.call('GET', P .. 'compared') or ''):match('^(%S+) (%d+)$')
if ARGV[10] == '' then return {'OK', less} end
local other = id ~= ARGV[10] or tonumber(at) < tonumber(ARGV[12])
-- Without a record the show is a new one.
if other and ARGV[8] ~= '' then redis.call('SET', P .. 'lost', now, 'PX', 86400000) end
if other or tonumber(at) < tonumber(ARGV[11]) then
	redis.call('SET', P .. 'compared', ARGV[10] .. ' ' .. ARGV[11])
end
return {'OK', less}
