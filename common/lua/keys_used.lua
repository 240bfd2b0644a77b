-- keys_used: API keys were used; of each key this is kept at most once a minute.
-- ARGV[8] JSON array of [id, how long ago in ms]
-- -> {'OK'}
--@include head fact
for _, use in ipairs(cjson.decode(ARGV[8])) do
	if redis.call('SET', P .. 'api:keys:used:' .. use[1], '1', 'NX', 'PX', 60000) then
		fact('key', use[1], {at = now - use[2]})
	end
end
return {'OK'}
