-- head: what every script begins with. redis.c sends the first arguments of each call:
--   KEYS[1]  key prefix of the show; every key below is built from it
--   ARGV[1]  rate limit bucket, '' for none      ARGV[2] its limit
--   ARGV[3]  its window, ms                      ARGV[4] time in ms, tests only; '' = Redis' own
--   ARGV[5]  heartbeat time-out, ms              ARGV[6] ARN of the master stage
--   ARGV[7]  capacity of a stage that names none ARGV[8..] the script's own
-- Every script returns an array whose first element is a word: OK or what went otherwise.
local P = KEYS[1]
local now = tonumber(ARGV[4])
if not now then
	local t = redis.call('TIME')
	now = t[1] * 1000 + math.floor(t[2] / 1000)
end
-- A viewer is present while his last heartbeat is not older than this.
local cutoff = now - ARGV[5]
