-- idem_done: an attempt at an order has ended.
-- ARGV[8] id of the key  ARGV[9] the attempt  ARGV[10] 'done' | 'free' nothing was done: forget the
-- key, unless an attempt before may have done something | 'open' it may have been done: the next
-- attempt goes on with the order  ARGV[11] result, JSON text  ARGV[12] life of what is kept, ms
-- -> {'OK'} | {'LOST'} another attempt has taken over, or the key has ended
--@include head
local key = P .. 'idem:' .. ARGV[8]
local ok, e = pcall(cjson.decode, redis.call('GET', key) or '')
if not ok or type(e) ~= 'table' then return {'LOST'} end
local how = ARGV[10]
-- What was done is done, whoever has taken over; only the first answer counts.
if e.state == 'done' or how ~= 'done' and e.run ~= ARGV[9] then return {'LOST'} end
if how == 'free' and not e.unsure then
	redis.call('DEL', key)
	return {'OK'}
end
e.state = how == 'done' and 'done' or 'open'
e.unsure = e.unsure or how == 'open'
e.result = how == 'done' and ARGV[11] or nil
redis.call('SET', key, cjson.encode(e), 'PX', ARGV[12])
return {'OK'}
