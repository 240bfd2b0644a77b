-- snapshot_read: the viewers of every stage, now and at most since the snapshot before.
-- slot: ms, the whole five minutes nearest to now.
-- Changes nothing: the peaks begin anew in snapshot_done.
-- -> {'STALE'} | {'OK', slot, arn, stage JSON, viewers now, peak, arn, ...}
--@include head epoch alive stages
if not alive() then return {'STALE'} end
-- The nearest: a job whose clock is a little ahead of Redis' comes before the slot begins.
local SLOT_MS = 300000
local answer = {'OK', math.floor(now / SLOT_MS + 0.5) * SLOT_MS}
for _, stage in ipairs(all_stages()) do
	local viewers = viewers_now(stage.arn)
	answer[#answer + 1] = stage.arn
	answer[#answer + 1] = stage.json
	answer[#answer + 1] = viewers
	answer[#answer + 1] = math.max(viewers,
		tonumber(redis.call('GET', P .. 'peak:' .. stage.arn) or 0))
end
return answer
