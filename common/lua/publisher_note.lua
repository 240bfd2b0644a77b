-- publisher_note: something was learnt about who publishes; the one place where it is decided
-- whether the show is live and who its publisher is. Trust, highest first: aws, event, hand, token.
-- ARGV[8]  'token'  ARGV[9] stage, ARGV[10] participant, ARGV[11] user: he was given a token.
--          'hand'   ARGV[12] 'live' | 'offline': the operator says so.
--          'event'  ARGV[9] stage, ARGV[10] participant, ARGV[11] user; ARGV[12] 'on' | 'off': he
--                   started or stopped publishing at ARGV[13] ms; 'error': he could not publish;
--                   'ended': his replica on that stage is over.
--          'aws'    ARGV[9] stage, ARGV[13] ms when the reading began (clock of Redis), ARGV[14]
--                   JSON [{p, on, e ms, u}]: all who ever published there. ARGV[15] ms for which
--                   a token alone keeps him live.
-- -> {word, 'live'|'offline' as known last, participant who is live, changed 0|1, look at AWS 0|1,
--     turned 0|1: live or not, or who is live, differs by this call; source, ms since what was told
--     happened (-1 = not known), the participant, ms since status and participant are so,
--     'live'|'offline'|'unknown'}; words:
--    OK  NOT_OURS no stage of ours  OUTDATED something newer is known  LATE too old to act upon,
--    noted  AHEAD of our clock, not noted  UNUSED nothing follows from it
--  | {'BANNED'} to 'token': the user was banned while the token was made; nothing is noted
-- `changed`: status, participant, whether and since when he publishes, or who publishes straight
-- to the stage. Repeating a call changes nothing.
--@include head epoch rate stages publisher fact bans
local input, arn, who, user, what = ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12]
if input == 'token' and banned(user) then return {'BANNED'} end
local ms, grace = tonumber(ARGV[13]) or 0, tonumber(ARGV[15]) or 0
local LATE_MS, DAY_MS, SEEN_MAX, SETTLE_MS = 300000, 86400000, 200, 60000

local known = publisher_fact()
local live, present, info = publisher_now()
local was_live, was_present = live, present
local why = object(redis.call('GET', P .. 'publisher:why'))
local seen, flat = {}, redis.call('HGETALL', P .. 'publisher:seen')
for i = 1, #flat, 2 do
	local s = object(flat[i + 1])
	seen[flat[i]] = {a = s.a or '', u = s.u or '', i = tonumber(s.i) or 0,
		e = tonumber(s.e) or 0, on = s.on == true, at = tonumber(s.at) or 0}
end
local json = arn ~= '' and arn ~= MASTER and redis.call('HGET', P .. 'stages', arn)
local ours = arn == MASTER or json and pcall(cjson.decode, json)
local direct = json and object(json).direct
if type(direct) ~= 'table' then direct = {} end

local function is_on(p, stage)
	local s = seen[p]
	return s ~= nil and s.on and s.a == stage
end
local function state()
	local s = seen[present] or {}
	return table.concat({tostring(live), present, tostring(s.on), s.on and s.e or '',
		tostring(direct.p), tostring(direct.on), tostring(direct.e)}, ' ')
end
local before = state()
local listed_at = {} -- participant -> ms of the last event that AWS lists
local function fact_age()
	local at = input == 'event' and ms or input == 'aws' and (listed_at[present] or 0) or now
	return at > 0 and math.max(0, now - at) or -1
end
local function answer(word, look)
	local turned = live ~= was_live or live and present ~= was_present
	return {word, live and 'live' or 'offline', live and present or '',
		state() ~= before and 1 or 0, look or 0, turned and 1 or 0, why.source or '', fact_age(),
		present, why.at and math.max(0, now - why.at) or -1, (publisher_known())}
end
local function checked() redis.call('SET', P .. 'publisher:checked', now) end

local function note(p, news, at)
	local s = seen[p] or {a = arn, u = '', i = 0, e = 0, on = false}
	for k, v in pairs(news) do s[k] = v end
	s.at = at or now
	seen[p] = s
	redis.call('HSET', P .. 'publisher:seen', p, cjson.encode(s))
end
-- What is known from the token, plain, goes before what IVS was told.
local function user_of(p, told)
	local s = seen[p]
	return s and s.u ~= '' and s.u or told
end

-- He who is kept if he is on; else who started last; nil: nobody is on.
local function on_air(stage, keep)
	if keep and is_on(keep, stage) then return keep end
	local best
	for p, s in pairs(seen) do
		local b = seen[best]
		if is_on(p, stage) and (not b or s.e > b.e or s.e == b.e and p > best) then best = p end
	end
	return best
end

local function decide(is_live, p, source)
	local s = seen[p]
	if is_live and s then
		local joined = s.on and s.e or p == info.participantId and info.joinedAt or now
		if p ~= info.participantId or joined ~= info.joinedAt or s.u ~= info.userId then
			info = {participantId = p, stageArn = MASTER, userId = s.u, joinedAt = joined}
			redis.call('SET', P .. 'publisher:info', cjson.encode(info))
		end
	end
	local same = is_live == live and p == present
	if not same or source ~= why.source then
		why = {source = source, at = same and why.at or now}
		redis.call('SET', P .. 'publisher:why', cjson.encode(why))
	end
	redis.call('SET', P .. 'publisher:status', is_live and 'live' or 'offline')
	checked()
	live, present = is_live, p
end
-- The master as `seen` has it.
local function follow(source)
	local p = on_air(MASTER, live and present)
	decide(p ~= nil, p or present, source)
end

-- Who publishes straight to another stage: it then has a picture of its own.
local function follow_direct()
	local p, last = on_air(arn, direct.p), nil
	for other, s in pairs(seen) do
		local l = seen[last]
		if s.a == arn and s.e > 0 and (not l or s.e > l.e or s.e == l.e and other > last) then
			last = other
		end
	end
	p = p or last
	if not p and not direct.on then return end
	direct = p and {p = p, on = seen[p].on, e = seen[p].e} or {p = direct.p, on = false, e = direct.e}
	local entry = object(json)
	entry.direct = direct
	local text = cjson.encode(entry)
	if text ~= json then stage_fact(arn, entry, text) end
end

-- Entries a day old of whom nobody hears, and what is too much, go.
local function prune()
	local list = {}
	for p, s in pairs(seen) do
		if p ~= present or not live then list[#list + 1] = p end
	end
	table.sort(list, function(a, b)
		local x, y = seen[a], seen[b]
		if x.on ~= y.on then return y.on end
		return x.at < y.at or x.at == y.at and a < b
	end)
	for i, p in ipairs(list) do
		local s = seen[p]
		if not s.on and s.at < now - DAY_MS or i <= #list - SEEN_MAX then
			redis.call('HDEL', P .. 'publisher:seen', p)
			seen[p] = nil
		end
	end
end

local on = {}

function on.token()
	note(who, {a = arn, u = user, i = now})
	local s = seen[present]
	local unproven = (why.source or 'token') == 'token' and not (s and s.e > 0)
	if arn == MASTER and (not live or present == '' or unproven) then
		decide(true, who, 'token')
	end
	return answer('OK')
end

function on.hand()
	decide(what == 'live', present, 'hand')
	return answer('OK')
end

function on.event()
	if what == 'error' then
		if live and who == present then return answer('OK', 1) end
		return answer('UNUSED')
	elseif what == 'ended' then
		local replica = object(json).replica
		if type(replica) == 'table' and replica.p == who then return answer('OK', 1) end
		return answer('UNUSED')
	end
	local publishes, s = what == 'on', seen[who]
	if ms > now + LATE_MS then return answer('AHEAD', 1) end
	local again = s and s.e == ms and s.on == publishes and s.a == arn
	if ms < now - DAY_MS or s and s.e >= ms and not again then
		-- Two at the same time: nobody can tell which was first.
		return answer('OUTDATED', s and s.e == ms and 1 or 0)
	end
	if not again then
		note(who, {a = arn, u = user_of(who, user), e = ms, on = publishes})
	end
	if ms < now - LATE_MS then return answer('LATE', 1) end
	if again then return answer('OK') end
	if arn ~= MASTER then
		follow_direct()
	elseif publishes and not (live and is_on(present, MASTER) and who ~= present) then
		decide(true, who, 'eventbridge')
	elseif not publishes and live and who == present then
		follow('eventbridge')
	end
	return answer('OK')
end

-- What was read is what was known when the reading began. Times of AWS may be whole seconds where
-- those of events are not.
local function newer(e, than) return math.floor(e / 1000) > math.floor(than / 1000) end

function on.aws()
	local listed = {}
	for _, item in ipairs(cjson.decode(ARGV[14])) do
		local s = seen[item.p]
		listed_at[item.p] = item.e
		listed[item.p] = item.on or s and newer(s.e, item.e) and s.at >= ms - SETTLE_MS
		if not (s and newer(s.e, item.e) and listed[item.p]) then
			note(item.p, {a = arn, u = user_of(item.p, item.u), on = item.on,
				e = math.max(item.e, s and s.e or 0)}, ms)
		end
	end
	for p in pairs(seen) do
		if is_on(p, arn) and not listed[p] and seen[p].at < ms then note(p, {on = false}, ms) end
	end
	if arn ~= MASTER then
		follow_direct()
		return answer('OK')
	end
	local s = seen[present]
	local fresh = live and why.source == 'token' and s and s.e == 0 and s.i > now - grace
	if not (fresh and not on_air(MASTER)) then follow('aws') end
	checked()
	return answer('OK')
end

if input ~= 'hand' and not ours then return answer('NOT_OURS') end
local result = on[input]()
prune()
publisher_state(known)
return result
