-- viewers: one page of who is watching, the longest silent first.
-- ARGV[8] stage ARN  ARGV[9] page size  ARGV[10], ARGV[11] heartbeat and user the last page
-- ended with ('' = from the start). Who beats meanwhile moves towards the end: he may be seen
-- twice and is never missed.
-- -> {'STALE'} | {'OK', known 0|1, seats, viewers now, more 0|1, user, last heartbeat, session text, ...}
--@include head epoch rate alive stages page
if not alive() then return {'STALE'} end
local arn, size = ARGV[8], tonumber(ARGV[9])
local key = beats(arn)
local page, last, more = page_of(key, redis.call('ZCOUNT', key, '-inf', '(' .. cutoff), ARGV[10], ARGV[11], size)
local answer = {'OK',
	(arn == MASTER or redis.call('HEXISTS', P .. 'stages', arn) == 1) and 1 or 0,
	redis.call('ZCARD', key), viewers_now(arn), more}
for i = 1, last, 2 do
	answer[#answer + 1] = page[i]
	answer[#answer + 1] = page[i + 1]
	answer[#answer + 1] = redis.call('HGET', P .. 'viewer:session:' .. arn, page[i]) or ''
end
return answer
