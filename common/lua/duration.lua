-- duration: for how long a viewer has been watching.
-- ARGV[8] user  ARGV[9] stage ARN
-- -> {'OK', seconds; 0 when he is not there} | {'STALE'}
--@include head epoch rate alive session
if not alive() then return {'STALE'} end
local beat = tonumber(redis.call('ZSCORE', P .. 'viewer:heartbeat:' .. ARGV[9], ARGV[8]) or nil)
local session = beat and beat >= cutoff and session_of(ARGV[8], ARGV[9])
return {'OK', session and math.max(0, math.floor((now - session.j) / 1000)) or 0}
