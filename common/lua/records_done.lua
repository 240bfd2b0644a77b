-- records_done: records are in PostgreSQL, or could not be put there. Whoever lost the lock in
-- the meantime changes nothing.
-- ARGV[8] token  ARGV[9] remove all records up to this id, '' = none
-- ARGV[10] the lock: 'keep' it (it is given back all the same when nothing is left), 'drop' it,
--          or 'fail': nobody shall try for a while
-- ARGV[11] life of the lock or length of that while, ms  ARGV[12] why it failed, a word
-- -> {'OK', still waiting} | {'LOST', still waiting}
-- `records:written` is the newest id that was removed so: what PostgreSQL has beyond it and the
-- stream has not, this Redis has forgotten (compare.lua). `records:failed` is why the last
-- drain failed, until one succeeds: the health of the show (probe.lua).
--@include head place
local stream, lock = P .. 'records', P .. 'lock:records'
if redis.call('GET', lock) ~= ARGV[8] then
	return {'LOST', redis.call('XLEN', stream)}
end
while ARGV[9] ~= '' do
	local ids = {}
	for i, entry in ipairs(redis.call('XRANGE', stream, '-', ARGV[9], 'COUNT', 500)) do
		ids[i] = entry[1]
	end
	if #ids == 0 then break end
	redis.call('XDEL', stream, unpack(ids))
end
if ARGV[9] ~= '' and not written(ARGV[9]) then
	redis.call('SET', P .. 'records:written', ARGV[9])
end
if ARGV[9] ~= '' then redis.call('DEL', P .. 'records:failed') end
local left = redis.call('XLEN', stream)
if ARGV[10] == 'fail' then
	redis.call('SET', P .. 'records:failed', ARGV[12], 'PX', 3600000)
	redis.call('SET', lock, 'failed:' .. ARGV[8], 'PX', ARGV[11])
elseif ARGV[10] == 'drop' or left == 0 then
	redis.call('DEL', lock)
else
	redis.call('PEXPIRE', lock, ARGV[11])
end
return {'OK', left}
