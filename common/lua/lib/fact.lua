-- fact: what is so of the show and has to outlive Redis goes through the stream `records`, too, as
-- an entry with `t` kind, `k` id ('' = there is one) and `v` value (cjson.null: no longer so). PostgreSQL
-- keeps the newest of each in show_state, and a cold Redis is filled from there.
--   publisher  ''    {status, info, why}: the texts of the keys publisher:* (absent: none)
--   ban        user  {at ms}
--   key        id    {at ms}: last use of an API key
--   stage      ARN   its entry in the registry (lib/stages.lua)
--   stream     forgot  somebody was forgotten (forget.lua); its place is what counts
local function fact(kind, id, value)
	return redis.call('XADD', P .. 'records', '*', 'e', cjson.encode({t = kind, k = id, v = value}))
end
-- Who publishes, as the keys have it; stated when it is not what it was.
local function publisher_fact()
	return {status = redis.call('GET', P .. 'publisher:status') or nil,
		info = redis.call('GET', P .. 'publisher:info') or nil,
		why = redis.call('GET', P .. 'publisher:why') or nil}
end
local function publisher_state(was)
	local is = publisher_fact()
	if is.status ~= was.status or is.info ~= was.info or is.why ~= was.why then
		fact('publisher', '', is)
	end
end
-- An entry of the registry is written together with its fact, by these alone; the fact first, since a
-- Redis that takes no more then refuses both.
local function stage_fact(arn, entry, json)
	fact('stage', arn, entry)
	redis.call('HSET', P .. 'stages', arn, json)
end
local function stage_no_more(arn)
	if redis.call('HEXISTS', P .. 'stages', arn) == 0 then return end
	fact('stage', arn, cjson.null)
	redis.call('HDEL', P .. 'stages', arn)
end
