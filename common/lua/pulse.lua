-- pulse: the programs are there and reach Redis (app/part_pulse, every two seconds). A gap is an
-- outage of our own: nobody could beat. Who was present when it began counts as present, and has a
-- whole time-out to come back.
-- ARGV[8] ms without a pulse that are a gap
-- -> {'OK', length of the gap in ms, 0 = none} | {'COLD'}
--@include head
local GRACE = '%.0f %.0f %.0f %.0f'
local epoch = redis.call('GET', P .. 'epoch')
if not epoch then return {'COLD'} end
local last = tonumber(redis.call('GET', P .. 'pulse') or now)
redis.call('SET', P .. 'pulse', now, 'PX', 7200000)
local loaded = tonumber(epoch:match('^%d+'))
local carry, floor, till = epoch:match(' (%d+) (%d+) (%d+)$')
carry, floor, till = tonumber(carry), tonumber(floor), tonumber(till)
local whole = now + ARGV[5]
if now - last <= tonumber(ARGV[8]) then
	-- A clock that was set back makes no grace longer, and one that is over is taken away.
	if till and till <= now then redis.call('SET', P .. 'epoch', string.format('%.0f', loaded))
	elseif till and till > whole then
		redis.call('SET', P .. 'epoch',
			string.format(GRACE, loaded, math.min(carry, whole), floor, whole))
	end
	return {'OK', 0}
end
-- Who had not had a whole time-out with us before this outage began has still what was left of it: so
-- outages one after the other keep nobody for ever.
local since = last - ARGV[5]
if carry and last < carry then
	since, carry = math.min(since, floor), carry + now - last
else
	carry = whole
end
redis.call('SET', P .. 'epoch', string.format(GRACE, loaded, carry, math.max(0, since), whole))
return {'OK', now - last}
