-- records_check: whether this Redis has forgotten something that PostgreSQL has: an old dump was
-- loaded, or a replica took over that lagged behind. The newest record that PostgreSQL has is
-- then neither written off here nor still in the stream. Such a Redis is cold: it is loaded anew.
-- ARGV[8] id of that record ('' = it has none)
-- -> {'OK'} | {'COLD', was already 0|1}
--@include head place
if redis.call('EXISTS', P .. 'epoch') == 0 then return {'COLD', 1} end
if ARGV[8] == '' then return {'OK'} end
if written(ARGV[8])
	or #redis.call('XRANGE', P .. 'records', ARGV[8], ARGV[8]) == 1 then
	return {'OK'}
end
redis.call('DEL', P .. 'epoch')
return {'COLD', 0}
