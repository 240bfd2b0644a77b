-- seats: room on a stage. Needs stages and session.
-- -> taken, capacity. A full stage first gives up the lapsed seats.
local function load_of(stage)
	local taken = redis.call('ZCARD', beats(stage.arn))
	local cap = tonumber(stage.maxViewers) or tonumber(ARGV[7])
	if taken >= cap and evict(stage.arn, 100) > 0 then
		taken = redis.call('ZCARD', beats(stage.arn))
	end
	return taken, cap
end
-- The same; a stage that stays full then gives up the seats that no viewer came for.
local function load_of_started(stage)
	local taken, cap = load_of(stage)
	if taken >= cap and evict_unstarted(stage.arn, 100) > 0 then
		taken = redis.call('ZCARD', beats(stage.arn))
	end
	return taken, cap
end
