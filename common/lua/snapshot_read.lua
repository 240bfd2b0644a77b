-- snapshot_read: the viewers of every stage, now and at most since the snapshot before.
-- Changes nothing: the peaks begin anew in snapshot_done.
-- -> {'STALE'} | {'OK', now ms, arn, stage JSON, viewers now, peak, arn, ...}
--@include head epoch alive stages
local answer = {'OK', now}
for _, stage in ipairs(all_stages()) do
	local viewers = viewers_now(stage.arn)
	answer[#answer + 1] = stage.arn
	answer[#answer + 1] = stage.json
	answer[#answer + 1] = viewers
	answer[#answer + 1] = math.max(viewers,
		tonumber(redis.call('GET', P .. 'peak:' .. stage.arn) or 0))
end
return answer
