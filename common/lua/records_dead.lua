-- records_dead: move a record that PostgreSQL will never accept to the stream `records:dead`,
-- so that it holds nobody up. A person must look at it.
-- ARGV[8] token of the drain lock  ARGV[9] id of the record  ARGV[10] why
-- -> {'OK', moved 0|1} | {'LOST'}
--@include head
local stream = P .. 'records'
if redis.call('GET', P .. 'lock:records') ~= ARGV[8] then return {'LOST'} end
local entry = redis.call('XRANGE', stream, ARGV[9], ARGV[9])[1]
if not entry then return {'OK', 0} end
redis.call('XADD', P .. 'records:dead', 'MAXLEN', '~', 10000, '*',
	'e', entry[2][2] or '', 'id', ARGV[9], 'why', ARGV[10])
redis.call('XDEL', stream, ARGV[9])
return {'OK', 1}
