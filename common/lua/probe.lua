-- probe: is Redis there, does it take writes, and does it know the show?
-- -> {'OK'} | {'COLD'}
--@include head
redis.call('SET', P .. 'probe', now, 'PX', 60000)
--@include epoch
return {'OK'}
