-- keep_read: what the keeper decides by. Orders older than ARGV[8] ms are dropped: who was at
-- them is dead; the stages they made are found by their tags.
-- ARGV[8] life of an order, ms  ARGV[9] '1' = change nothing
-- -> {'OK', now ms, publisher 'live'|'offline' as known last, publisher JSON,
--     joins of the fullest 5 s of the last 15, people refused in the last 30 s,
--     orders under way, "<participant> <replicas AWS lets him have>" ('' = as the settings say),
--     AWS was compared with the registry just now 0|1,
--     publisher 'live'|'offline'|'unknown', ms since it was learnt (-1 = not known),
--     viewers known 0|1 (0: nobody refreshes them),
--     arn, stage JSON, seats, viewers now, arn, ...}
--@include head epoch alive stages publisher
local slot, joins = math.floor(now / 5000), 0
for i = 0, 2 do
	joins = math.max(joins, tonumber(redis.call('GET', P .. 'joins:' .. slot - i) or 0))
end
local orders, flat = 0, redis.call('HGETALL', P .. 'orders')
for i = 1, #flat, 2 do
	local ok, order = pcall(cjson.decode, flat[i + 1])
	local at = ok and type(order) == 'table' and tonumber(order.at) or 0
	-- None is of the future: the clock of Redis was set back.
	if at > now - ARGV[8] and at <= now + ARGV[8] then orders = orders + 1
	elseif ARGV[9] ~= '1' then redis.call('HDEL', P .. 'orders', flat[i]) end
end
-- '' also when more is left of it than ever is: the clock was set back.
local function fresh(name, life)
	return redis.call('PTTL', P .. name) <= life and redis.call('GET', P .. name) or ''
end
local state, age = publisher_known()
local answer = {'OK', now, redis.call('GET', P .. 'publisher:status') or 'offline',
	redis.call('GET', P .. 'publisher:info') or '', joins,
	redis.call('ZCOUNT', P .. 'refused', now - 30000, '+inf'), orders,
	fresh('keeper:replicas', 60000), fresh('keeper:synced', 60000) ~= '' and 1 or 0,
	state, age, viewers_known()}
for _, stage in ipairs(all_stages()) do
	answer[#answer + 1] = stage.arn
	answer[#answer + 1] = stage.json
	answer[#answer + 1] = redis.call('ZCARD', beats(stage.arn))
	answer[#answer + 1] = viewers_now(stage.arn)
end
return answer
