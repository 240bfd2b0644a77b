-- publisher: who publishes on the master stage, and how we know. Only publisher_note writes these:
--   publisher:status  'live' | 'offline'
--   publisher:info    JSON {participantId, stageArn, userId, joinedAt (ms)}: him who is live;
--                     while offline, him who was
--   publisher:why     JSON {source, at}: who said so (aws eventbridge hand token) and since when,
--                     ms, status and participant are what they are
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
