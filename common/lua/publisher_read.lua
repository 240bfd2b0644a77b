-- publisher_read: who publishes, and how we know.
-- -> {'OK', 'live'|'offline', publisher:info JSON, publisher:why JSON, now ms}
--@include head epoch rate
return {'OK', redis.call('GET', P .. 'publisher:status') or 'offline',
	redis.call('GET', P .. 'publisher:info') or '', redis.call('GET', P .. 'publisher:why') or '',
	now}
