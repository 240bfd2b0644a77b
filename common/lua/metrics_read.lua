-- metrics_read: all that GET /metrics tells. Changes nothing of the show.
-- ARGV[8] how many stages are told one by one, those with the most viewers; the rest is summed
-- -> {'OK', publisher 'live'|'offline', waiting records, age of the oldest in ms, dead records,
--     stages, viewers of the rest, seats of the rest,
--     {arn, viewers now, seats, ...}, {field, number, ...} of the hash `metrics`,
--     publisher 'live'|'offline'|'unknown', ms since it was learnt (-1 = not known),
--     viewers and seats known 0|1}
--@include head epoch alive stages publisher
local arns, list = redis.call('HKEYS', P .. 'stages'), {}
if redis.call('HEXISTS', P .. 'stages', MASTER) == 0 then arns[#arns + 1] = MASTER end
for i, arn in ipairs(arns) do
	list[i] = {arn = arn, viewers = viewers_now(arn), seats = redis.call('ZCARD', beats(arn))}
end
table.sort(list, function(a, b)
	if a.viewers ~= b.viewers then return a.viewers > b.viewers end
	return a.arn < b.arn
end)
local told, viewers, seats = {}, 0, 0
for i, stage in ipairs(list) do
	if i <= tonumber(ARGV[8]) then
		told[#told + 1] = stage.arn
		told[#told + 1] = stage.viewers
		told[#told + 1] = stage.seats
	else
		viewers, seats = viewers + stage.viewers, seats + stage.seats
	end
end
local state, age = publisher_known()
local oldest = redis.call('XRANGE', P .. 'records', '-', '+', 'COUNT', 1)[1]
return {'OK', redis.call('GET', P .. 'publisher:status') or 'offline',
	redis.call('XLEN', P .. 'records'),
	oldest and math.max(0, now - oldest[1]:match('^%d+')) or 0,
	redis.call('XLEN', P .. 'records:dead'),
	#list, viewers, seats, told, redis.call('HGETALL', P .. 'metrics'), state, age,
	viewers_known()}
