-- pulse: the programs are there and reach Redis (app/part_pulse, every two seconds). A gap is an
-- outage of our own: nobody could beat. Who was present when it began counts as present, and has a
-- whole time-out to come back.
-- ARGV[8] ms without a pulse that are a gap
-- -> {'OK', length of the gap in ms, 0 = none} | {'COLD'}
--@include head
local GRACE = '%.0f %.0f %.0f'
local epoch = redis.call('GET', P .. 'epoch')
if not epoch then return {'COLD'} end
local last = tonumber(redis.call('GET', P .. 'pulse') or now)
redis.call('SET', P .. 'pulse', now, 'PX', 7200000)
local loaded = tonumber(epoch:match('^%d+'))
local floor, till = epoch:match(' (%d+) (%d+)$')
floor, till = tonumber(floor), tonumber(till)
if now - last <= tonumber(ARGV[8]) then
	-- A clock that was set back makes no grace longer, and one that is over is taken away.
	if till and till <= now then redis.call('SET', P .. 'epoch', string.format('%.0f', loaded))
	elseif till and till > now + ARGV[5] then
		redis.call('SET', P .. 'epoch', string.format(GRACE, loaded, floor, now + ARGV[5]))
	end
	return {'OK', 0}
end
-- Whose grace had not ended when this outage began has it still.
local since = last - ARGV[5]
if till and last < till then since = math.min(since, floor) end
redis.call('SET', P .. 'epoch', string.format(GRACE, loaded, math.max(0, since), now + ARGV[5]))
return {'OK', now - last}
