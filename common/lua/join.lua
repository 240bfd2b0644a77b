-- join: give a viewer a seat, or keep the one he has.
-- ARGV[8] user          ARGV[9] wanted stage ARN, '' = any   ARGV[10] session id if he is new
-- ARGV[11] participant  ARGV[12] user agent  ARGV[13] address  ARGV[14] user name ('' = none)
-- ARGV[15] '1': for a token. If he moves, his old session is not over before `confirm` or `unseat`;
--          and that he will come is not known yet
-- ARGV[16] viewers of a stage from which on the show should grow, '' = the caller cannot grow it
-- ARGV[17], ARGV[18], ARGV[19] what the page proves by its session token: session id, stage ARN and the
--          participant id to keep, if that session goes on; '' = nothing, nothing to keep
-- ARGV[20] when that session token was issued, ms
-- -> {'OK', arn, stage JSON, session id, joined at ms, viewers now, is new 0|1, drain due 0|1,
--     moved from another stage 0|1, the show should grow 0|1, the participant id is kept 0|1,
--     AWS' clock (lib/aws_clock)}
--  | {'NO_STAGE'} | {'GONE'} it was deleted | {'OFFLINE'} no picture there
--  | {'FULL', growing may help 0|1, waiting may help 0|1} | {'BANNED'}, also for one who sits
--  | {'ELSEWHERE'} the page's session is over: the person sits on another stage, by another page
-- Repeating a call with the same session id changes nothing and answers the same.
--@include head epoch rate stages session seats publisher bans aws_clock
local user, wanted, sid, pid = ARGV[8], ARGV[9], ARGV[10], ARGV[11]
if banned(user) then return {'BANNED'} end
local live, participant = publisher_now()

local function seated(stage, session, from, grow)
	return {'OK', stage.arn, stage.json, session.s, session.j, viewers_now(stage.arn),
		session.s == sid and 1 or 0, drain_due(), from and 1 or 0, grow and 1 or 0, 0,
		aws_clock()}
end

-- Whether the page that holds this session goes on as the same participant. Never once a kick has begun:
-- AWS may have ended that participant for good. What a Redis that was lost, or went back in time, knew of
-- kicks is gone, so a token of before keeps nothing.
local function participant_kept(session)
	if ARGV[19] == '' or session.s ~= ARGV[17] then return false end
	local since = math.max(tonumber(epoch:match('^%d+')),
		tonumber(redis.call('GET', P .. 'lost') or nil) or 0)
	return tonumber(ARGV[20]) >= since and redis.call('EXISTS', P .. 'kicked:' .. session.s) == 0
end

-- How long the keeper rests, ms; 0: it may be asked for a run. It has not just looked, and found that
-- it could do nothing more.
local function rest()
	local left = redis.call('PTTL', P .. 'keeper:rest')
	-- Longer than it ever is: the clock was set back.
	return left > 10000 and 0 or math.max(0, left)
end
local function may_grow() return ARGV[16] ~= '' and rest() == 0 end
-- A short rest follows a run that has brought room, which others may have taken: the next run is near.
local SHORT_REST_MS = 1000

-- The seat he has; one whose heartbeat lapsed ends here.
local function present_seat()
	local arn = redis.call('HGET', P .. 'viewer:stage', user)
	local beat = arn and redis.call('ZSCORE', beats(arn), user)
	local session = beat and session_of(user, arn)
	if session and not lapsed(tonumber(beat)) then return arn, session end
	if arn then finish(user, arn, tonumber(beat or now), 'timeout') end
	return nil
end

local function keep(arn, session)
	-- The same call once more: as if it had come once.
	if session.s == sid then
		local moving = redis.call('HEXISTS', P .. 'viewer:moving', user) == 1
		return seated(stage_of(arn), session, moving)
	end
	-- Later than the join, always: so `unseat` sees that the seat is wanted by another call.
	redis.call('ZADD', beats(arn), 'XX', math.max(now, session.j + 1), user)
	if participant_kept(session) then
		local answer = seated(stage_of(arn), session)
		answer[11] = 1
		return answer
	end
	if pid ~= '' and session.p ~= pid then
		session.p = pid
		session_put(user, arn, session)
		record(user, arn, session, {})
	end
	return seated(stage_of(arn), session)
end

local function with_picture(candidates)
	local out = {}
	for _, stage in ipairs(candidates) do
		if has_picture(stage, live, participant) then out[#out + 1] = stage end
	end
	return out
end
local function least_loaded(candidates)
	local best, fewest
	for _, stage in ipairs(candidates) do
		local taken, cap = load_of(stage)
		if taken < cap and (not fewest or taken < fewest) then best, fewest = stage, taken end
	end
	if best then return best, fewest end
	-- No stage has room: the first that has seats which no viewer came for gives them up.
	for _, stage in ipairs(candidates) do
		local taken, cap = load_of_started(stage)
		if taken < cap then return stage, taken end
	end
	return nil
end

-- What the keeper learns the demand from: new viewers by slots of 5 s, and who found no seat.
local function count_join()
	local slot = P .. 'joins:' .. math.floor(now / 5000)
	if redis.call('INCR', slot) == 1 then redis.call('PEXPIRE', slot, 60000) end
	redis.call('ZREM', P .. 'refused', user)
end
local function count_refused()
	redis.call('ZREMRANGEBYSCORE', P .. 'refused', '-inf', now - 30000)
	redis.call('ZADD', P .. 'refused', now, user)
	redis.call('PEXPIRE', P .. 'refused', 60000)
end

local arn, session = present_seat()
if arn and ARGV[17] ~= '' and ARGV[18] ~= arn then return {'ELSEWHERE'} end
if arn and (wanted == '' or wanted == arn) then return keep(arn, session) end

local candidates
if wanted == '' then
	candidates = all_stages()
else
	local stage = (wanted == MASTER or redis.call('HEXISTS', P .. 'stages', wanted) == 1)
		and stage_of(wanted)
	if not stage then
		return {redis.call('EXISTS', P .. 'gone:' .. wanted) == 1 and 'GONE' or 'NO_STAGE'}
	end
	candidates = {stage}
end
candidates = with_picture(candidates)
if #candidates == 0 then return {'OFFLINE'} end
local stage, fewest = least_loaded(candidates)
if not stage then
	count_refused()
	local grows = wanted == '' and ARGV[16] ~= ''
	return {'FULL', grows and may_grow() and 1 or 0, grows and rest() <= SHORT_REST_MS and 1 or 0}
end

end_parked(user)
if arn and ARGV[15] == '1' then park(user, arn, now)
elseif arn then finish(user, arn, now, 'moved') end
session = {s = sid, j = now, p = pid ~= '' and pid or nil}
-- For who is new this is the first write: a Redis that takes none refuses the whole join.
record(user, stage.arn, session, {g = ARGV[12], i = ARGV[13], n = ARGV[14]})
sit_down(user, stage.arn, session, ARGV[15] == '1' and now or now + 1)
count_join()
-- The emptiest stage is as full as all should be at most.
local grow = wanted == '' and may_grow() and fewest + 1 >= tonumber(ARGV[16])
local answer = seated(stage, session, arn, grow)
local peak = P .. 'peak:' .. stage.arn
if answer[6] > tonumber(redis.call('GET', peak) or 0) then redis.call('SET', peak, answer[6]) end
return answer
