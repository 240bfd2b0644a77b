-- kick_note: keep what a kick has done at AWS.
-- ARGV[8] user  ARGV[9] life of a viewer token, ms
-- ARGV[10], ARGV[11] JSON objects: members to add to `ended` and `cleared` (lib/kicks)
-- ARGV[12] '1' = nothing is left to do: the next kick looks at every stage again
-- -> {'OK'}
--@include head kicks
local function add(key, json, life)
	local flat = {}
	for member, value in pairs(cjson.decode(json)) do
		flat[#flat + 1] = member
		flat[#flat + 1] = value
	end
	if #flat == 0 then return end
	redis.call('HSET', key, unpack(flat))
	redis.call('PEXPIRE', key, life)
end
local user = ARGV[8]
add(ended_key(user), ARGV[10], ARGV[9])
if ARGV[12] == '1' then redis.call('DEL', cleared_key(user))
else add(cleared_key(user), ARGV[11], 600000) end
return {'OK'}
