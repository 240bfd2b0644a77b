-- stage_put: write one entry of the registry.
-- ARGV[8] stage ARN  ARGV[9] JSON
-- -> {'OK'}
--@include head
redis.call('HSET', P .. 'stages', ARGV[8], ARGV[9])
return {'OK'}
