-- keys_put: give the programs the API keys as PostgreSQL has them, all at once: nobody ever sees half a
-- list. The truth is api_keys in PostgreSQL; this is the copy that the programs use:
--   api:keys          hash    SHA-256 of the key, hex -> JSON {id, scopes (comma list), exp ms or 0}
--   api:keys:version  string  "<place> <time>": another one with each change. The place orders lists
--                             by when they were read from PostgreSQL
-- ARGV[8] JSON array of [sha256 hex, id, scopes, expiry ms or 0]
-- ARGV[9] place: how many changes PostgreSQL had seen before the list was read
-- ARGV[10] a version that may be replaced although its place is higher: PostgreSQL was asked again
-- and knows no such place, so it was restored from a backup; '' = none
-- -> {'OK'} | {'OLDER', version} a newer list is there
--@include head
local version = redis.call('GET', P .. 'api:keys:version') or ''
local there = tonumber(version:match('^%d+'))
if there and there > tonumber(ARGV[9]) and version ~= ARGV[10] then return {'OLDER', version} end
redis.call('DEL', P .. 'api:keys')
for _, row in ipairs(cjson.decode(ARGV[8])) do
	redis.call('HSET', P .. 'api:keys', row[1],
		cjson.encode({id = row[2], scopes = row[3], exp = tonumber(row[4])}))
end
local t = redis.call('TIME')
redis.call('SET', P .. 'api:keys:version', string.format('%s %s%06d', ARGV[9], t[1], tonumber(t[2])))
return {'OK'}
