-- records_take: take the drain lock and read the oldest records; the lock is kept if it is ours
-- already. Reading removes nothing: records_done does that.
-- ARGV[8] token, a UUID  ARGV[9] life of the lock, ms  ARGV[10] most records
-- ARGV[11] most bytes of them (one is given whatever its size)
-- -> {'EMPTY'} nothing is waiting; the lock is not taken and ours is given back
--  | {'BUSY', waiting, newest id, oldest id, the holder has just failed 0|1, ms the lock lasts}
--  | {'OK', waiting, newest id, id, JSON, id, JSON, ...}
--@include head lock
local stream, lock = P .. 'records', P .. 'lock:records'
local token, budget = ARGV[8], tonumber(ARGV[11])
-- The longest life is that of forget.
local holder = held(lock, 10000)
local newest = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
if not newest then
	if holder == token then redis.call('DEL', lock) end
	return {'EMPTY'}
end
if holder and holder ~= token then
	local oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
	return {'BUSY', redis.call('XLEN', stream), newest[1], oldest[1],
		holder:sub(1, 7) == 'failed:' and 1 or 0, redis.call('PTTL', lock)}
end
redis.call('SET', lock, token, 'PX', ARGV[9])
local answer = {'OK', redis.call('XLEN', stream), newest[1]}
for i, entry in ipairs(redis.call('XRANGE', stream, '-', '+', 'COUNT', ARGV[10])) do
	local json = entry[2][2] or ''
	budget = budget - #json
	if i > 1 and budget < 0 then break end
	answer[#answer + 1] = entry[1]
	answer[#answer + 1] = json
end
return answer
