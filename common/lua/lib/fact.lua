-- fact: what is so of the show and has to outlive Redis goes through the stream `records`, too, as
-- an entry with `t` kind, `k` id ('' = there is one) and `v` value (cjson.null: no longer so). PostgreSQL
-- keeps the newest of each in show_state, and a cold Redis is filled from there.
--   publisher  ''    {status, info, why}: the texts of the keys publisher:*
--   ban        user  {at ms}
--   key        id    {at ms}: last use of an API key
local function fact(kind, id, value)
	redis.call('XADD', P .. 'records', '*', 'e', cjson.encode({t = kind, k = id, v = value}))
end
