-- aws_clock: hash aws:clock, from the Date of the answers of AWS, for all processes:
--   offset       AWS' clock minus that of Redis, ms
--   said <host>  the offset of that machine's clock, ms, that was warned of last
-- -> 'NOW OFFSET', both ms, or '' while no answer is known
local function aws_clock()
	local offset = redis.call('HGET', P .. 'aws:clock', 'offset')
	return offset and string.format('%.0f %s', now, offset) or ''
end
