-- restore_end: all is loaded; from here everybody is answered. Who was restored counts as present
-- for one time-out.
-- ARGV[8] lock token  ARGV[9] life of the lock, ms
-- ARGV[10] id of the newest record that PostgreSQL has ('' = none): new ones come after it
-- ARGV[11] ms when the loading began  ARGV[12] '1' = the caller makes a run of the keeper
-- ARGV[13], ARGV[14] run id of this server ('' = not known) and the time: as compare.lua has them
-- -> {'OK'} | {'LOST'}
--@include head restore place
local stream = P .. 'records'
if ARGV[10] ~= '' then
	-- Refused when the stream is further than that already.
	local added = redis.pcall('XADD', stream, ARGV[10], 'e', '')
	if type(added) == 'string' then redis.call('XDEL', stream, ARGV[10]) end
	if not written(ARGV[10]) then redis.call('SET', P .. 'records:written', ARGV[10]) end
	-- The show is no new one: orders and their keys (idem_begin.lua) may be among what was lost.
	redis.call('SET', P .. 'lost', now, 'PX', 86400000)
end
if ARGV[12] ~= '1' then redis.call('SET', P .. 'keeper:due', now, 'PX', 60000) end
local till = now + ARGV[5]
redis.call('SET', P .. 'epoch', string.format('%.0f %.0f %.0f %.0f', now, till, ARGV[11], till))
if ARGV[13] ~= '' then redis.call('SET', P .. 'compared', ARGV[13] .. ' ' .. ARGV[14]) end
redis.call('DEL', P .. 'lock:job:restore')
return {'OK'}
