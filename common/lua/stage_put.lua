-- stage_put: what AWS says of a stage goes into its entry of the registry; what only we know
-- (picture, cap, state, age) stays.
-- ARGV[8] stage ARN  ARGV[9] JSON of the members to set
-- -> {'OK', the whole entry as JSON}
--@include head stages
local entry = stage_of(ARGV[8]) or {}
entry.arn, entry.json = nil, nil
for member, value in pairs(cjson.decode(ARGV[9])) do entry[member] = value end
local json = cjson.encode(entry)
redis.call('HSET', P .. 'stages', ARGV[8], json)
return {'OK', json}
