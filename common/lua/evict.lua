-- evict: end sessions without a heartbeat (cron/heartbeat_cleanup).
-- ARGV[8] most to end in this call  ARGV[9] '1' = only count them
-- -> {'OK', ended, still lapsed, stages looked at}
--@include head stages session
local budget, ended, left, stages = tonumber(ARGV[8]), 0, 0, all_stages()
for _, stage in ipairs(stages) do
	if ARGV[9] ~= '1' and ended < budget then
		ended = ended + evict(stage.arn, budget - ended)
	end
	left = left + redis.call('ZCOUNT', beats(stage.arn), '-inf', '(' .. cutoff)
end
return {'OK', ended, left, #stages}
