-- viewers: one page of who is watching, the longest silent first.
-- ARGV[8] stage ARN  ARGV[9] page size  ARGV[10], ARGV[11] heartbeat and user the last page
-- ended with ('' = from the start). Who beats meanwhile moves towards the end: he may be seen
-- twice and is never missed.
-- -> {'OK', known 0|1, seats, viewers now, more 0|1, user, last heartbeat, session text, ...}
--@include head epoch rate stages
local arn, size = ARGV[8], tonumber(ARGV[9])
local key = beats(arn)
local first = redis.call('ZCOUNT', key, '-inf', '(' .. cutoff)
if ARGV[10] ~= '' then
	local same = redis.call('ZSCORE', key, ARGV[11]) == ARGV[10]
	first = math.max(first, same and redis.call('ZRANK', key, ARGV[11]) + 1
		or redis.call('ZCOUNT', key, '-inf', '(' .. ARGV[10]))
end
local page = redis.call('ZRANGE', key, first, first + size, 'WITHSCORES')
local answer = {'OK',
	(arn == MASTER or redis.call('HEXISTS', P .. 'stages', arn) == 1) and 1 or 0,
	redis.call('ZCARD', key), viewers_now(arn), #page > size * 2 and 1 or 0}
for i = 1, math.min(#page, size * 2), 2 do
	answer[#answer + 1] = page[i]
	answer[#answer + 1] = page[i + 1]
	answer[#answer + 1] = redis.call('HGET', P .. 'viewer:session:' .. arn, page[i]) or ''
end
return answer
