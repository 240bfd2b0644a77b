-- lock_drop: give back the lock of a job, if it is still ours.
-- ARGV[8] job  ARGV[9] token
-- -> {'OK', was ours 0|1, somebody came with news meanwhile 0|1}
--@include head
local lock = P .. 'lock:job:' .. ARGV[8]
if redis.call('GET', lock) ~= ARGV[9] then return {'OK', 0, 0} end
redis.call('DEL', lock)
return {'OK', 1, redis.call('EXISTS', P .. 'news:job:' .. ARGV[8])}
