-- page: one page of a sorted set, the lowest first. Who gets a higher score meanwhile moves towards the
-- end: he may be seen twice and is never missed.
-- from: the first rank there may be; score, member: what the last page ended with, score '' = no page yet
-- -> {member, score, ...}, how many of these belong to the page, more 0|1
local function page_of(key, from, score, member, size)
	if score ~= '' then
		local same = redis.call('ZSCORE', key, member) == score
		from = math.max(from, same and redis.call('ZRANK', key, member) + 1
			or redis.call('ZCOUNT', key, '-inf', '(' .. score))
	end
	local page = redis.call('ZRANGE', key, from, from + size, 'WITHSCORES')
	return page, math.min(#page, size * 2), #page > size * 2 and 1 or 0
end
