-- probe: is Redis there, and does it take writes?
-- -> {'OK'}
--@include head
redis.call('SET', P .. 'probe', now, 'PX', 60000)
return {'OK'}
