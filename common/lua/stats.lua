-- stats: every stage with its viewers now, and the publisher.
-- -> {'OK', publisher 'live'|'offline', publisher JSON, arn, stage JSON, viewers now, ...}
--@include head rate stages
local answer = {'OK', redis.call('GET', P .. 'publisher:status') or 'offline',
	redis.call('GET', P .. 'publisher:info') or ''}
for _, stage in ipairs(all_stages()) do
	answer[#answer + 1] = stage.arn
	answer[#answer + 1] = stage.json
	answer[#answer + 1] = viewers_now(stage.arn)
end
return answer
