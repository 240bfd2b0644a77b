-- keep_done: a run of the keeper is over: keep what it said for people, and let joins not ask for
-- another one for a while.
-- ARGV[8] lock token  ARGV[9] JSON of the report ('' = it came to nothing: the last one stays)
-- ARGV[10] rest, ms  ARGV[11] participant, ARGV[12] replicas of him beside which AWS lets him have
-- no more at this time ('' = AWS has not said so)
-- ARGV[13] ms for which the registry is as good as what AWS lists ('' = this run did not compare)
-- -> {'OK'} | {'LOST'}
--@include head fence
if ARGV[9] ~= '' then redis.call('SET', P .. 'keeper:report', ARGV[9], 'PX', 600000) end
if ARGV[12] ~= '' then
	redis.call('SET', P .. 'keeper:replicas', ARGV[11] .. ' ' .. ARGV[12], 'PX', 60000)
end
redis.call('SET', P .. 'keeper:rest', now, 'PX', ARGV[10])
if ARGV[13] ~= '' then redis.call('SET', P .. 'keeper:synced', now, 'PX', ARGV[13]) end
return {'OK'}
