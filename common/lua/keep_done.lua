-- keep_done: a run of the keeper is over: keep what it said for people, and let joins not ask for
-- another one for a while.
-- ARGV[8] lock token  ARGV[9] JSON of the report  ARGV[10] rest, ms
-- -> {'OK'} | {'LOST'}
--@include head fence
redis.call('SET', P .. 'keeper:report', ARGV[9], 'PX', 600000)
redis.call('SET', P .. 'keeper:rest', now, 'PX', ARGV[10])
return {'OK'}
