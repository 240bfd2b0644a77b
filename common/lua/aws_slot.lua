-- aws_slot: reserve the next slot of an AWS operation's call rate, for all processes.
-- ARGV[8] operation ('' = none: the caller ends and only tells the clock)  ARGV[9] microseconds between two slots  ARGV[10] slots at once after a rest
-- ARGV[11] longest wait, ms
-- ARGV[12] AWS' time now, ms, by an answer the caller has read since its last call ('' = none)
-- ARGV[13] AWS' clock minus that of the caller, ms  ARGV[14] the caller's machine
-- -> {'OK', ms to wait before sending, clock, said} | {'LATE', ms it would be, clock, said}, nothing is
--     reserved; clock as in lib/aws_clock; said: 'WRONG' the caller's clock is over 30 s off and nobody
--     has said so, 'RIGHT' it was, '' neither
-- The key holds when the slot after the last reserved one begins, in unix microseconds, and
-- ends soon after that time. Slots are given in the order of asking.
--@include head aws_clock
local key = P .. 'aws:slot:' .. ARGV[8]
local interval, burst, most = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local at = now * 1000
local next_slot = tonumber(redis.call('GET', key) or 0)
local CLOCK_KEPT_MS, CLOCK_WRONG_MS = 3600000, 30000
local function note_clock()
	if ARGV[12] == '' then return '' end
	local clock, field, off = P .. 'aws:clock', 'said ' .. ARGV[14], tonumber(ARGV[13])
	redis.call('HSET', clock, 'offset', string.format('%.0f', ARGV[12] - now))
	redis.call('PEXPIRE', clock, CLOCK_KEPT_MS)
	local said = tonumber(redis.call('HGET', clock, field) or nil)
	if math.abs(off) <= CLOCK_WRONG_MS then
		return redis.call('HDEL', clock, field) == 1 and 'RIGHT' or ''
	end
	if said and math.abs(off - said) <= CLOCK_WRONG_MS then return '' end
	redis.call('HSET', clock, field, ARGV[13])
	return 'WRONG'
end
local said = note_clock()
if ARGV[8] == '' then return {'OK', 0, aws_clock(), said} end
-- Nobody reserves that far ahead, for a call lasts five seconds at most (aws_call.h): the clock of
-- Redis was set back.
if next_slot > at + (most + 5000) * 1000 + interval * (burst + 1) then next_slot = 0 end
next_slot = math.max(next_slot, at)
local wait = math.ceil(math.max(0, next_slot - at - interval * (burst - 1)) / 1000)
if wait > most then return {'LATE', wait, aws_clock(), said} end
next_slot = next_slot + interval
redis.call('SET', key, string.format('%.0f', next_slot),
	'PX', math.ceil((next_slot - at) / 1000) + 1000)
return {'OK', wait, aws_clock(), said}
