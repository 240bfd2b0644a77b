-- records_look: how much is not yet in PostgreSQL. Changes nothing.
-- -> {'OK', waiting, age of the oldest in ms (below 0: the clock was set back), dead}
--@include head
local oldest = redis.call('XRANGE', P .. 'records', '-', '+', 'COUNT', 1)[1]
return {'OK', redis.call('XLEN', P .. 'records'),
	oldest and now - oldest[1]:match('^%d+') or 0,
	redis.call('XLEN', P .. 'records:dead')}
