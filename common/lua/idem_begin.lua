-- idem_begin: an attempt at an order with an Idempotency-Key begins.
-- ARGV[8] id of the key  ARGV[9] digest of the body  ARGV[10] this attempt, a UUID
-- ARGV[11] after so many ms an attempt that runs is dead  ARGV[12] life of what is kept, ms
-- ARGV[13] the order id of a first attempt
-- -> {'NEW', order id} do it  | {'DONE', result}  | {'RUNNING'}  | {'OTHER'} another body
-- Repeating a call with the same attempt answers the same.
--@include head rate
local key = P .. 'idem:' .. ARGV[8]
local ok, e = pcall(cjson.decode, redis.call('GET', key) or '')
-- What nobody can read is as if it were not there.
if not ok or type(e) ~= 'table' or not e.order then e = nil end
if e and e.body ~= ARGV[9] then return {'OTHER'} end
if e and e.state == 'done' then return {'DONE', e.result} end
local own = e and e.run == ARGV[10]
if e and e.state == 'running' and not own then
	-- None began in the future: the clock was set back, and its time begins now.
	if e.at > now then
		e.at = now
		redis.call('SET', key, cjson.encode(e), 'PX', ARGV[12])
	end
	if now - e.at < tonumber(ARGV[11]) then return {'RUNNING'} end
	e.unsure = true
end
e = e or {body = ARGV[9], order = ARGV[13]}
e.state, e.run, e.at = 'running', ARGV[10], now
redis.call('SET', key, cjson.encode(e), 'PX', ARGV[12])
return {'NEW', e.order}
