-- restore_load: a part of the state, as sql/queries/restore_*.sql give it. Until restore_end has
-- run nobody else reads it.
-- ARGV[8] lock token  ARGV[9] life of the lock, ms  ARGV[10] what; ARGV[11] JSON:
--   stages     [{a ARN, e entry (lib/stages.lua)}], or {a, g ms: it was deleted, viewers are told so for
--              so long}
--   sessions   [{u user, a ARN, s session id, j joined at ms, p participant or '', h last heard
--              of ms, d its stage is deleted}] open ones, the newest first over all calls. A person
--              has one seat, a stage no more than it holds: the rest has ended
--   publisher  {status, info, why}, as lib/fact.lua has it
--   bans       {user: at ms}
-- -> {'OK', taken over, ended} | {'LOST'}
--@include head restore stages publisher session
local load, taken, ended = {}, 0, 0
local input = cjson.decode(ARGV[11])

local function gone(arn, left)
	redis.call('SET', P .. 'gone:' .. arn, now, 'PX', string.format('%.0f', math.max(1, math.min(left, 86400000))))
end
local function load_stage(stage)
	local entry = type(stage.e) == 'table' and stage.e or {}
	entry.master = stage.a == MASTER or nil
	for _, key in ipairs({'viewer:heartbeat:', 'viewer:session:'}) do
		redis.call('UNLINK', P .. key .. stage.a)
	end
	redis.call('HSET', P .. 'stages', stage.a, cjson.encode(entry))
	-- The master stage stays in the registry when AWS no longer has it.
	if entry.state == 'gone' then gone(stage.a, 86400000) end
	taken = taken + 1
end
function load.stages()
	for _, stage in ipairs(input) do
		if stage.g then gone(stage.a, stage.g) else load_stage(stage) end
	end
end

local function over(s, at, why)
	record(s.u, s.a, s, {l = math.max(at, s.j), r = why})
	ended = ended + 1
end
local caps = {}
local function is_full(arn)
	caps[arn] = caps[arn] or tonumber(stage_of(arn).maxViewers) or tonumber(ARGV[7])
	return redis.call('ZCARD', beats(arn)) >= caps[arn]
end
function load.sessions()
	for _, s in ipairs(input) do
		local arn = redis.call('HGET', P .. 'viewer:stage', s.u)
		local newer = arn and session_of(s.u, arn)
		s.p = s.p ~= '' and s.p or nil
		if s.d then over(s, s.h, 'stage_deleted')
		elseif newer and newer.s ~= s.s then over(s, newer.j, 'moved')
		elseif not newer and is_full(s.a) then over(s, s.h, 'timeout')
		else
			sit_down(s.u, s.a, s, math.max(now, s.j + 1))
			taken = taken + 1
		end
	end
end

function load.publisher()
	for _, name in ipairs({'status', 'info', 'why'}) do
		if type(input[name]) == 'string' then
			redis.call('SET', P .. 'publisher:' .. name, input[name])
		end
	end
	-- As far as the rest tells: he is on, or has but his token.
	local live, who, info = publisher_now()
	local why, at = object(input.why), tonumber(info.joinedAt) or 0
	if not live or who == '' then return end
	local token = why.source == 'token'
	redis.call('HSET', P .. 'publisher:seen', who, cjson.encode({a = MASTER, u = info.userId,
		i = token and at or 0, e = token and 0 or at, on = not token, at = why.at or at}))
end

function load.bans()
	for user, at in pairs(input) do
		redis.call('HSET', P .. 'bans', user, string.format('%.0f', at))
		taken = taken + 1
	end
end

load[ARGV[10]]()
return {'OK', taken, ended}
