-- evict: end sessions without a heartbeat (cron/heartbeat_cleanup).
-- ARGV[8] most to end in this call  ARGV[9] '1' = only count them
-- -> {'OK', ended, still lapsed, stages looked at}
--@include head epoch stages session
-- Moves that were never confirmed: who was at it has died. There are few, if any.
local moving = redis.call('HGETALL', P .. 'viewer:moving')
for i = 1, #moving, 2 do
	if lapsed(tonumber(moving[i + 1]:match('^%d+')) or 0) and ARGV[9] ~= '1' then
		end_parked(moving[i])
	end
end
local budget, ended, left, arns, seen = tonumber(ARGV[8]), 0, 0, {}, {}
for _, stage in ipairs(all_stages()) do arns[#arns + 1], seen[stage.arn] = stage.arn, true end
for _, arn in ipairs(redis.call('SMEMBERS', P .. 'viewer:stages')) do
	if not seen[arn] then arns[#arns + 1] = arn end
end
for _, arn in ipairs(arns) do
	if ARGV[9] ~= '1' and ended < budget then
		ended = ended + evict(arn, budget - ended)
		if redis.call('EXISTS', beats(arn)) == 0 then redis.call('SREM', P .. 'viewer:stages', arn) end
	end
	left = left + redis.call('ZCOUNT', beats(arn), '-inf', '(' .. cutoff)
end
return {'OK', ended, left, #arns}
