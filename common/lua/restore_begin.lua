-- restore_begin: a cold Redis is about to be loaded: takes away what is left of seats, stages and
-- publisher, be it half loaded or of an old dump.
-- ARGV[8] lock token  ARGV[9] life of the lock, ms
-- ARGV[10] '1' = the caller can make a run of the keeper after it
-- -> {'OK', now ms} | {'WARM', the keeper is due 0|1} loaded by somebody else | {'LOST'}
--@include head restore
if redis.call('EXISTS', P .. 'epoch') == 1 then
	return {'WARM', ARGV[10] == '1' and redis.call('DEL', P .. 'keeper:due') or 0}
end
local arns = redis.call('SMEMBERS', P .. 'viewer:stages')
for _, arn in ipairs(redis.call('HKEYS', P .. 'stages')) do arns[#arns + 1] = arn end
arns[#arns + 1] = ARGV[6]
for _, arn in ipairs(arns) do
	redis.call('UNLINK', P .. 'viewer:heartbeat:' .. arn, P .. 'viewer:session:' .. arn)
end
redis.call('UNLINK', P .. 'viewer:stage', P .. 'viewer:stages', P .. 'viewer:moving', P .. 'stages')
redis.call('DEL', P .. 'publisher:status', P .. 'publisher:info', P .. 'publisher:why', P .. 'publisher:checked',
	P .. 'publisher:seen', P .. 'bans', P .. 'keeper:rest', P .. 'keeper:synced', P .. 'pulse')
return {'OK', now}
