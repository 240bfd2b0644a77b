-- presence_reload: the programs shall fill Redis from PostgreSQL again before they answer anybody.
-- -> {'OK', was it filled 0|1}
--@include head
return {'OK', redis.call('DEL', P .. 'epoch')}
