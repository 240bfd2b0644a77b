-- stats: every stage with its viewers now, the publisher, and what the keeper said last.
-- ARGV[8] 'anyway': also when nobody refreshes the viewers: for who decides or repairs, and the operator
-- -> {'STALE'} | {'OK', publisher 'live'|'offline' as known last, publisher JSON, JSON of the report ('' = none),
--     publisher 'live'|'offline'|'unknown', ms since it was learnt (-1 = not known),
--     viewers known 0|1 (0: nobody refreshes them),
--     arn, stage JSON, viewers now, ...}
--@include head epoch rate alive stages publisher
if ARGV[8] ~= 'anyway' and not alive() then return {'STALE'} end
local state, age = publisher_known()
local answer = {'OK', redis.call('GET', P .. 'publisher:status') or 'offline',
	redis.call('GET', P .. 'publisher:info') or '', redis.call('GET', P .. 'keeper:report') or '',
	state, age, viewers_known()}
for _, stage in ipairs(all_stages()) do
	answer[#answer + 1] = stage.arn
	answer[#answer + 1] = stage.json
	answer[#answer + 1] = viewers_now(stage.arn)
end
return answer
