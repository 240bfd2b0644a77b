-- metrics_take: what CloudWatch has not been told yet. Held by lock:job:metrics.
--   metrics:sent     hash  the counters as they were when CloudWatch was told last
--   metrics:sending  hash  the same, of a sending under way, and the field `run`. Of another run
--                          it is one whose end nobody saw: it counts as sent, since a gap is
--                          better than a double
--   metrics:taken    hash  the extremes (metrics_add.lua) that go with it
--   metrics:sent_at  string  when that was, ms
-- ARGV[8] 'take', or 'look': change nothing  ARGV[9] id of the run
-- -> {'OK', ms since CloudWatch was told last or -1 for never, viewers now, stages,
--     {field, number, ...} now, the same as told last, {name, us, ...} the extremes, viewers known 0|1}
--@include head epoch alive stages
local sent, sending, taken = P .. 'metrics:sent', P .. 'metrics:sending', P .. 'metrics:taken'
local window, take = P .. 'metrics:window', ARGV[8] == 'take'
local run = redis.call('HGET', sending, 'run')
local lost = run and run ~= ARGV[9]
if lost and take then
	redis.call('RENAME', sending, sent)
	redis.call('DEL', taken)
end
local extremes = {}
local function stretch(key)
	local flat = redis.call('HGETALL', key)
	for i = 1, #flat, 2 do
		local name, us = flat[i], tonumber(flat[i + 1])
		local had = extremes[name]
		local choose = name:match('min$') and math.min or math.max
		extremes[name] = had and choose(had, us) or us
	end
end
if not lost or take then stretch(taken) end
stretch(window)
local flat = {}
for name, us in pairs(extremes) do
	flat[#flat + 1] = name
	flat[#flat + 1] = string.format('%.0f', us)
end
local told = redis.call('HGETALL', (lost and not take) and sending or sent)
local counters = redis.call('HGETALL', P .. 'metrics')
if take then
	redis.call('DEL', sending, window)
	redis.call('COPY', P .. 'metrics', sending)
	redis.call('HSET', sending, 'run', ARGV[9])
	if #flat > 0 then redis.call('HSET', taken, unpack(flat)) end
end
local viewers, stages = viewers_now(MASTER), redis.call('HKEYS', P .. 'stages')
local count = #stages + 1 - redis.call('HEXISTS', P .. 'stages', MASTER)
for _, arn in ipairs(stages) do
	if arn ~= MASTER then viewers = viewers + viewers_now(arn) end
end
local at = tonumber(redis.call('GET', P .. 'metrics:sent_at') or nil)
return {'OK', at and math.max(0, now - at) or -1, viewers, count, counters, told, flat, viewers_known()}
