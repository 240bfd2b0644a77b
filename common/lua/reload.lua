-- reload: what Redis has is not to be trusted (the database was restored): it is loaded from
-- PostgreSQL anew before anybody is answered.
-- -> {'OK', had been loaded 0|1}
--@include head
return {'OK', redis.call('DEL', P .. 'epoch')}
