-- lock_keep: make a lock that is still ours last longer. Unlike lock_take it takes nothing: who
-- slept through the end of his lock has lost it, even if nobody else holds it now.
-- ARGV[8] job  ARGV[9] token  ARGV[10] life of the lock, ms
-- -> {'OK'} | {'LOST'}
--@include head
local lock = P .. 'lock:job:' .. ARGV[8]
if redis.call('GET', lock) ~= ARGV[9] then return {'LOST'} end
redis.call('PEXPIRE', lock, ARGV[10])
return {'OK'}
