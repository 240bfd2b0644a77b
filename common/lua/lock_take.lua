-- lock_take: one run of a job at a time. Taking a lock that is ours already makes it last longer.
-- ARGV[8] job  ARGV[9] token, a UUID  ARGV[10] life of the lock, ms
-- ARGV[11] '1' = who holds it is told, when he drops it, that somebody came with news
-- -> {'OK'} | {'HELD', ms until it ends}
--@include head lock
local lock = P .. 'lock:job:' .. ARGV[8]
local holder = held(lock, ARGV[10])
if holder and holder ~= ARGV[9] then
	if ARGV[11] == '1' then redis.call('SET', P .. 'news:job:' .. ARGV[8], now, 'PX', 60000) end
	return {'HELD', redis.call('PTTL', lock)}
end
-- What came before is seen by this run.
if not holder then redis.call('DEL', P .. 'news:job:' .. ARGV[8]) end
redis.call('SET', lock, ARGV[9], 'PX', ARGV[10])
return {'OK'}
