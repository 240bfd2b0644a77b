-- stage_order: permission to make one stage. Counted and noted in one step, so that no two
-- together pass MAX_STAGES. An order that is noted and not finished is somebody at work, or dead.
--   orders  hash  order id -> JSON {at (ms), name}
-- ARGV[8] lock token  ARGV[9] order id  ARGV[10] name  ARGV[11] most stages
-- -> {'OK', begun before 0|1}  the second time: look in AWS before making another
--  | {'MADE', arn, JSON}  this order has its stage
--  | {'LIMIT', stages and orders that exist} | {'LOST'}
--@include head fence stages
local orders, stages = P .. 'orders', all_stages()
for _, stage in ipairs(stages) do
	if stage.order == ARGV[9] then return {'MADE', stage.arn, stage.json} end
end
if redis.call('HEXISTS', orders, ARGV[9]) == 1 then return {'OK', 1} end
local exist = #stages + redis.call('HLEN', orders)
if exist >= tonumber(ARGV[11]) then return {'LIMIT', exist} end
redis.call('HSET', orders, ARGV[9], cjson.encode({at = now, name = ARGV[10]}))
return {'OK', 0}
