-- metrics_add: what one process counted, added to what all counted.
--   metrics         hash  field -> number (base/metrics.h says which)
--   metrics:window  hash  "<histogram> min", "<histogram> max", us, since CloudWatch took them
--   metrics:from:<process>  number of the last parcel of that process: a parcel whose answer was lost
--                           comes again, once Redis is back, and must not count twice. For an hour;
--                           of the first for a minute, as a plain CGI call has no second
-- ARGV[8] process  ARGV[9] number of the parcel  ARGV[10] lines "<field> <n>"
-- ARGV[11] lines "<histogram> <min> <max>"
-- -> {'OK'}
--@include head
local last = P .. 'metrics:from:' .. ARGV[8]
if redis.call('GET', last) == ARGV[9] then return {'OK'} end
redis.call('SET', last, ARGV[9], 'PX', ARGV[9] == '1' and 60000 or 3600000)
for field, n in ARGV[10]:gmatch('([^\n]+) (%d+)\n') do
	-- One that is full, or no number, begins anew: the rest of the parcel must not be lost with it.
	local full = redis.pcall('HINCRBY', P .. 'metrics', field, n)
	if type(full) == 'table' and full.err then redis.call('HSET', P .. 'metrics', field, n) end
end
local window = P .. 'metrics:window'
for name, min, max in ARGV[11]:gmatch('(%S+) (%d+) (%d+)\n') do
	local had_min = tonumber(redis.call('HGET', window, name .. ' min') or nil)
	local had_max = tonumber(redis.call('HGET', window, name .. ' max') or nil)
	if not had_min or tonumber(min) < had_min then redis.call('HSET', window, name .. ' min', min) end
	if not had_max or tonumber(max) > had_max then redis.call('HSET', window, name .. ' max', max) end
end
return {'OK'}
