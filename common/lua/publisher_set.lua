-- publisher_set: the publisher's state, set by hand.
-- ARGV[8] 'live' | 'offline'
-- -> {'OK'}
--@include head rate
redis.call('SET', P .. 'publisher:status', ARGV[8])
return {'OK'}
