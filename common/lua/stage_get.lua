-- stage_get: one stage of ours; and, when ARGV[9] names who publishes there, note him as live
-- if the stage is the master (a token for another stage changes nothing).
-- ARGV[8] stage ARN  ARGV[9] participant id ('' = only look)  ARGV[10] user
-- -> {'OK', stage JSON, viewers now} | {'NO_STAGE'}
--@include head rate stages
local arn = ARGV[8]
local json = redis.call('HGET', P .. 'stages', arn)
if not json and arn ~= MASTER then return {'NO_STAGE'} end
if ARGV[9] ~= '' and arn == MASTER then
	redis.call('SET', P .. 'publisher:status', 'live')
	redis.call('SET', P .. 'publisher:info', cjson.encode({participantId = ARGV[9],
		stageArn = arn, userId = ARGV[10], joinedAt = now}))
end
return {'OK', json or '', viewers_now(arn)}
