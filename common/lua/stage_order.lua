-- stage_order: permission to make one stage. Counted and noted in one step, so that no two
-- together pass MAX_STAGES. An order that is noted and not finished is somebody at work, or dead.
--   orders  hash  order id -> JSON {at (ms of the last permission), name}
-- ARGV[8] lock token  ARGV[9] order id  ARGV[10] name  ARGV[11] most stages
-- ARGV[12] ms after which AWS surely lists what was made
-- ARGV[13] '1' = the order may have been begun before; a Redis that was lost since, or went back in time
--          (`lost`: restore_end.lua, compare.lua), has forgotten that. 'ask' = the same, and this Redis
--          cannot be told from another one: AWS is always asked. '' = the id is a new one
-- -> {'OK', begun before 0|1, may be made 0|1}  the second time: look in AWS before making
--    another; when it is not there and may not be made, it may not be listed yet
--  | {'MADE', arn, JSON}  this order has its stage
--  | {'LIMIT', stages and orders that exist} | {'LOST'}
--@include head epoch fence stages
local orders, stages = P .. 'orders', all_stages()
for _, stage in ipairs(stages) do
	if stage.order == ARGV[9] then return {'MADE', stage.arn, stage.json} end
end
local before, at = redis.call('HGET', orders, ARGV[9]), nil
if before then
	local ok, order = pcall(cjson.decode, before)
	at = ok and type(order) == 'table' and tonumber(order.at) or 0
else
	local exist = #stages + redis.call('HLEN', orders)
	if exist >= tonumber(ARGV[11]) then return {'LIMIT', exist} end
	at = ARGV[13] ~= '' and tonumber(redis.call('GET', P .. 'lost') or nil) or ARGV[13] == 'ask' and 0
end
if at and at <= now and now - at < tonumber(ARGV[12]) then return {'OK', 1, 0} end
redis.call('HSET', orders, ARGV[9], cjson.encode({at = now, name = ARGV[10]}))
return {'OK', at and 1 or 0, 1}
