-- keys_read: the API keys, if they are others than the caller knows.
-- ARGV[8] the version he has, '' = none
-- -> {'UNCHANGED', now ms} | {'KEYS', now ms, version, sha256 hex, JSON, sha256 hex, JSON, ...}
--@include head epoch
local version = redis.call('GET', P .. 'api:keys:version') or ''
if version == ARGV[8] then return {'UNCHANGED', now} end
local answer = {'KEYS', now, version}
for _, word in ipairs(redis.call('HGETALL', P .. 'api:keys')) do answer[#answer + 1] = word end
return answer
