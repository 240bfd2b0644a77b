-- restate: PostgreSQL has less than was written to it: it was restored from a backup, or a standby that
-- lagged behind took over. What is so of the show (lib/fact.lua) goes through the stream again, as this
-- Redis has it; what PostgreSQL has and this Redis has not is stated as no longer so.
-- ARGV[8] `records:written` as it was before PostgreSQL was asked (compare.lua)
-- ARGV[9] id of the newest record that PostgreSQL had then ('' = none): not behind ARGV[8] after all when
--         somebody was just writing
-- ARGV[10], ARGV[11] its stages and bans, as restore_load.lua has them ('' = none)
-- -> {'OK', facts stated; 0 also while those of somebody else wait to be written}
--@include head epoch fact place
local ms, n = place(ARGV[8])
local there_ms, there_n = place(ARGV[9])
if there_ms > ms or there_ms == ms and there_n >= n then return {'OK', 0} end
local before = redis.call('GET', P .. 'restated')
if before and not written(before) then return {'OK', 0} end

local stated, last = 0, nil
local function state(kind, id, value)
	last = fact(kind, id, value)
	stated = stated + 1
end
local function each(key, act)
	local flat = redis.call('HGETALL', P .. key)
	for i = 1, #flat, 2 do act(flat[i], flat[i + 1]) end
end
each('stages', function(arn, json)
	local ok, entry = pcall(cjson.decode, json)
	if ok and type(entry) == 'table' then state('stage', arn, entry) end
end)
for _, stage in ipairs(ARGV[10] ~= '' and cjson.decode(ARGV[10]) or {}) do
	if redis.call('HEXISTS', P .. 'stages', stage.a) == 0 then state('stage', stage.a, cjson.null) end
end
local bans = ARGV[11] ~= '' and cjson.decode(ARGV[11]) or {}
each('bans', function(user, at)
	if bans[user] ~= tonumber(at) then state('ban', user, {at = tonumber(at)}) end
	bans[user] = nil
end)
for user in pairs(bans) do state('ban', user, cjson.null) end
state('publisher', '', publisher_fact())
redis.call('SET', P .. 'restated', last, 'PX', 3600000)
return {'OK', stated}
