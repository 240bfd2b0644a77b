-- stage_get: one stage of ours.
-- ARGV[8] stage ARN  ARGV[9] who wants a token for it ('' = nobody)
-- ARGV[10] 'viewers': the number of viewers is what is asked for
-- -> {'OK', stage JSON, viewers now, AWS' clock (lib/aws_clock)} | {'NO_STAGE'} | {'BANNED'} | {'STALE'}
--@include head epoch rate alive stages bans aws_clock
local arn = ARGV[8]
if ARGV[9] ~= '' and banned(ARGV[9]) then return {'BANNED'} end
local json = redis.call('HGET', P .. 'stages', arn)
if not json and arn ~= MASTER then return {'NO_STAGE'} end
if ARGV[10] == 'viewers' and not alive() then return {'STALE'} end
return {'OK', json or '', viewers_now(arn), aws_clock()}
