-- stages: the registry, hash `stages`: arn -> JSON
--   {name, master, autoScaled, createdAt (ms), maxViewers, state, picture, events, whip, tags,
--    session (id of the one that ran when AWS was asked last),
--    order, noReplica, replica {p participant replicated there, s source ARN, at, on},
--    direct {p, on, e}: who publishes straight there}
-- state: active draining closing gone. order: id of the order that made it, also its tag in AWS.
-- The master stage exists because the settings say so, also before it was read from AWS.
local MASTER = ARGV[6]
local function decode(arn, json)
	local ok, stage = pcall(cjson.decode, json or '')
	if not ok or type(stage) ~= 'table' then
		-- Who sits there is still counted and ended; nobody new is seated.
		stage = {state = arn ~= MASTER and 'unreadable' or nil}
	end
	stage.arn, stage.json, stage.master = arn, json or '', arn == MASTER
	return stage
end
local function stage_of(arn)
	return decode(arn, redis.call('HGET', P .. 'stages', arn) or nil)
end
-- All stages, the master first, then by ARN.
local function all_stages()
	local flat, list, master = redis.call('HGETALL', P .. 'stages'), {}, nil
	for i = 1, #flat, 2 do
		local stage = decode(flat[i], flat[i + 1])
		if stage.master then master = stage else list[#list + 1] = stage end
	end
	table.sort(list, function(a, b) return a.arn < b.arn end)
	table.insert(list, 1, master or decode(MASTER, nil))
	return list
end
local function beats(arn) return P .. 'viewer:heartbeat:' .. arn end
local function viewers_now(arn) return redis.call('ZCOUNT', beats(arn), cutoff, '+inf') end
-- Whether viewers are given seats there: it shows the publisher and is not being emptied. A replica
-- counts only while it is that of the present publisher; `picture` is the operator's word for a
-- stage that has neither.
local function has_picture(stage, live, participant)
	local replica = type(stage.replica) == 'table' and stage.replica
	local direct = type(stage.direct) == 'table' and stage.direct
	if stage.state and stage.state ~= 'active' then return false end
	if stage.master then return live end
	if direct and direct.on == true then return true end
	if replica and live and replica.p == participant
		and replica.on ~= false then return true end
	return not replica and not direct and stage.picture == true
end
