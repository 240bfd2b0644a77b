-- publisher_read: who publishes, and how we know.
-- -> {'OK', 'live'|'offline' as known last, publisher:info JSON, publisher:why JSON, now ms,
--     'live'|'offline'|'unknown', ms since it was learnt (-1 = not known)}
--@include head epoch rate publisher
local state, age = publisher_known()
return {'OK', redis.call('GET', P .. 'publisher:status') or 'offline',
	redis.call('GET', P .. 'publisher:info') or '', redis.call('GET', P .. 'publisher:why') or '',
	now, state, age}
