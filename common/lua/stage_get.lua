-- stage_get: one stage of ours.
-- ARGV[8] stage ARN
-- -> {'OK', stage JSON, viewers now} | {'NO_STAGE'}
--@include head epoch rate stages
local arn = ARGV[8]
local json = redis.call('HGET', P .. 'stages', arn)
if not json and arn ~= MASTER then return {'NO_STAGE'} end
return {'OK', json or '', viewers_now(arn)}
