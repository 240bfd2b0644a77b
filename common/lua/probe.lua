-- probe: is Redis there, does it take writes, and does it know the show?
-- -> {'OK', why records could not be written to PostgreSQL and wait, a word; '' = they are} | {'COLD'}
--@include head
redis.call('SET', P .. 'probe', now, 'PX', 60000)
--@include epoch
return {'OK', redis.call('XLEN', P .. 'records') > 0
	and redis.call('GET', P .. 'records:failed') or ''}
