-- heartbeat: a viewer is still there.
-- ARGV[8] user  ARGV[9] stage ARN
-- -> {'OK', viewers now on the stage} | {'NONE'} he has no seat there | {'GONE'} nor is the stage
--@include head epoch rate
local key, user = P .. 'viewer:heartbeat:' .. ARGV[9], ARGV[8]
if redis.call('ZADD', key, 'XX', 'CH', now, user) == 0
	and not redis.call('ZSCORE', key, user) then
	return {redis.call('EXISTS', P .. 'gone:' .. ARGV[9]) == 1 and 'GONE' or 'NONE'}
end
return {'OK', redis.call('ZCOUNT', key, cutoff, '+inf')}
