-- publisher: who publishes on the master stage, and how we know. Only publisher_note writes these:
--   publisher:status  'live' | 'offline'
--   publisher:info    JSON {participantId, stageArn, userId, joinedAt (ms)}: him who is live;
--                     while offline, him who was
--   publisher:why     JSON {source, at}: who said so (aws eventbridge hand token) and since when,
--                     ms, status and participant are what they are
--   publisher:checked ms: when it was last learnt, or looked up in AWS, whether the show is live
--   publisher:seen    hash participant -> JSON {a stage, u user, i token issued ms or 0, e time of
--                     his last start or stop ms or 0, on publishes, at learnt ms}
local function object(json)
	local ok, o = pcall(cjson.decode, json or '')
	return ok and type(o) == 'table' and o or {}
end
-- -> live, participant ('' = not known), info
local function publisher_now()
	local info = object(redis.call('GET', P .. 'publisher:info'))
	local who = type(info.participantId) == 'string' and info.participantId or ''
	return redis.call('GET', P .. 'publisher:status') == 'live', who, info
end
-- What is known after this long without news or a look is told as unknown: four passes of autoscale.
local KNOWN_FOR_MS = 120000
-- -> 'live'|'offline'|'unknown', ms since it was learnt (-1 = nobody ever said anything, or nobody
-- knows when). A show that nobody has said anything of is offline. Who gets a seat goes by
-- publisher:status all the same: an outage of the jobs does not end a running show.
local function publisher_known()
	local status = redis.call('GET', P .. 'publisher:status')
	if not status then return 'offline', -1 end
	local at = tonumber(redis.call('GET', P .. 'publisher:checked') or
		object(redis.call('GET', P .. 'publisher:why')).at)
	local age = at and math.max(0, now - at) or -1
	return age >= 0 and age <= KNOWN_FOR_MS and status or 'unknown', age
end
