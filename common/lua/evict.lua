-- evict: end sessions without a heartbeat (cron/heartbeat_cleanup).
-- ARGV[8] most to end in this call  ARGV[9] '1' = only count them
-- -> {'OK', ended, still lapsed, stages looked at}
--@include head stages session
-- Moves that were never confirmed: who was at it has died. There are few, if any.
local moving = redis.call('HGETALL', P .. 'viewer:moving')
for i = 1, #moving, 2 do
	if (tonumber(moving[i + 1]:match('^%d+')) or 0) < cutoff and ARGV[9] ~= '1' then
		end_parked(moving[i])
	end
end
local budget, ended, left, stages = tonumber(ARGV[8]), 0, 0, all_stages()
for _, stage in ipairs(stages) do
	if ARGV[9] ~= '1' and ended < budget then
		ended = ended + evict(stage.arn, budget - ended)
	end
	left = left + redis.call('ZCOUNT', beats(stage.arn), '-inf', '(' .. cutoff)
end
return {'OK', ended, left, #stages}
