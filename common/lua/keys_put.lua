-- keys_put: give the programs the API keys as PostgreSQL has them, all at once.
-- ARGV[8] JSON array of [sha256 hex, id, scopes, expiry ms or 0]
-- ARGV[9] place: how many changes PostgreSQL had seen before the list was read
-- ARGV[10] a version that may be replaced although its place is higher: PostgreSQL was asked again
-- and knows no such place, so it was restored from a backup; '' = none
-- -> {'OK'} | {'OLDER', version} a newer list is there
--@include head keys
local version = redis.call('GET', P .. 'api:keys:version') or ''
local there = tonumber(version:match('^%d+'))
if there and there > tonumber(ARGV[9]) and version ~= ARGV[10] then return {'OLDER', version} end
keys_put(ARGV[9], cjson.decode(ARGV[8]))
return {'OK'}
