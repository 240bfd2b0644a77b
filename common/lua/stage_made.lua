-- stage_made: a stage that is ours exists in AWS: write what is known of it, and end its order.
-- Needs no lock: it is a fact.
-- ARGV[8] stage ARN ('' = the order came to nothing)  ARGV[9] order id ('' = none)
-- ARGV[10] JSON of the members to set; createdAt is kept when there is one, else it is now
-- -> {'OK', the whole entry as JSON}
--@include head epoch stages fact entry
if ARGV[9] ~= '' then redis.call('HDEL', P .. 'orders', ARGV[9]) end
if ARGV[8] == '' then return {'OK', ''} end
local members = cjson.decode(ARGV[10])
redis.call('DEL', P .. 'gone:' .. ARGV[8])
members.createdAt = stage_of(ARGV[8]).createdAt or members.createdAt or now
-- A broken entry is made whole again.
if stage_of(ARGV[8]).state == 'unreadable' then members.state = 'active' end
return {'OK', entry_write(ARGV[8], members)}
