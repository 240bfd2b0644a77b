-- aws_slot: reserve the next slot of an AWS operation's call rate, for all processes.
-- ARGV[8] operation  ARGV[9] microseconds between two slots  ARGV[10] slots at once after a rest
-- ARGV[11] longest wait, ms
-- -> {'OK', ms to wait before sending} | {'LATE', ms it would be; nothing is reserved}
-- The key holds when the slot after the last reserved one begins, in unix microseconds, and
-- ends soon after that time. Slots are given in the order of asking.
--@include head
local key = P .. 'aws:slot:' .. ARGV[8]
local interval, burst, most = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local at = now * 1000
local next_slot = tonumber(redis.call('GET', key) or 0)
-- Nobody reserves that far ahead, for a call lasts five seconds at most (aws_call.h): the clock of
-- Redis was set back.
if next_slot > at + (most + 5000) * 1000 + interval * (burst + 1) then next_slot = 0 end
next_slot = math.max(next_slot, at)
local wait = math.ceil(math.max(0, next_slot - at - interval * (burst - 1)) / 1000)
if wait > most then return {'LATE', wait} end
next_slot = next_slot + interval
redis.call('SET', key, string.format('%.0f', next_slot),
	'PX', math.ceil((next_slot - at) / 1000) + 1000)
return {'OK', wait}
