-- lock_take: one run of a job at a time. Taking a lock that is ours already makes it last longer.
-- ARGV[8] job  ARGV[9] token, a UUID  ARGV[10] life of the lock, ms
-- -> {'OK'} | {'HELD', ms until it ends}
--@include head
local lock = P .. 'lock:job:' .. ARGV[8]
local holder = redis.call('GET', lock)
if holder and holder ~= ARGV[9] then return {'HELD', redis.call('PTTL', lock)} end
redis.call('SET', lock, ARGV[9], 'PX', ARGV[10])
return {'OK'}
