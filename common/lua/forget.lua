-- forget: what Redis holds of one person: told, or taken out. Who takes out holds the drain lock, so
-- that nobody carries a record of his to PostgreSQL meanwhile.
-- ARGV[8] user  ARGV[9] token of the drain lock, taken if it is free; '' = only look, without it
-- ARGV[10] life of the lock, ms  ARGV[11] '1' = take out
-- ARGV[12] stream to look through: records or records:dead
-- ARGV[13] from the entry after this id on, '' = from the start: then also his seat and ban
-- ARGV[14] entries of it to look at
-- -> {'OK', id to go on from ('' = that was the end), his entries, seated 0|1, banned 0|1, session id, ...}
--  | {'BUSY'} somebody else has the lock
-- Taking out leaves one record that names nobody, so that a copy of before is known as one that has missed
-- something (compare.lua), and does not bring the person back.
--@include head epoch stages session bans lock kicks fact
local user, token, take = ARGV[8], ARGV[9], ARGV[11] == '1'
local stream, lock = P .. ARGV[12], P .. 'lock:records'
if token ~= '' then
	local holder = held(lock, ARGV[10])
	if holder and holder ~= token then return {'BUSY'} end
	redis.call('SET', lock, token, 'PX', ARGV[10])
end
local answer = {'OK', '', 0, 0, 0}

-- Every stage that may know him, though one at most does.
local function seat()
	local arns = {}
	for _, stage in ipairs(all_stages()) do arns[#arns + 1] = stage.arn end
	for _, arn in ipairs(redis.call('SMEMBERS', P .. 'viewer:stages')) do arns[#arns + 1] = arn end
	for _, arn in ipairs(arns) do
		local session = session_of(user, arn)
		if session then answer[#answer + 1] = session.s end
		if redis.call('ZSCORE', beats(arn), user) then answer[4] = 1 end
		if take then stand_up(user, arn) end
	end
	local _, _, moving = parked(user)
	if moving then answer[#answer + 1] = moving.s end
	answer[5] = banned(user) and 1 or 0
	if take then
		redis.call('HDEL', P .. 'viewer:stage', user)
		redis.call('HDEL', P .. 'viewer:moving', user)
		redis.call('HDEL', P .. 'bans', user)
		redis.call('ZREM', P .. 'refused', user)
		redis.call('DEL', ended_key(user), cleared_key(user))
	end
end

-- Of records:dead an entry may be no JSON: then his name in it is enough.
local function is_his(json)
	local ok, e = pcall(cjson.decode, json)
	if not ok or type(e) ~= 'table' then return json:find(cjson.encode(user), 1, true) ~= nil end
	if type(e.s) == 'string' and e.u == user then answer[#answer + 1] = e.s end
	return e.u == user or e.t == 'ban' and e.k == user
end

-- A stream keeps the bytes of what XDEL takes out for as long as neighbours are left. `records` is empty
-- again in seconds; `records:dead`, of 10,000 or so, stays until somebody looks at it.
local function write_anew()
	local entries = redis.call('XRANGE', stream, '-', '+')
	redis.call('DEL', stream)
	for _, entry in ipairs(entries) do redis.call('XADD', stream, entry[1], unpack(entry[2])) end
end

if ARGV[13] == '' then
	if take and ARGV[12] == 'records' then fact('stream', 'forgot', cjson.null) end
	seat()
end
local from = ARGV[13] == '' and '-' or '(' .. ARGV[13]
local entries = redis.call('XRANGE', stream, from, '+', 'COUNT', ARGV[14])
for _, entry in ipairs(entries) do
	if is_his(entry[2][2] or '') then
		answer[3] = answer[3] + 1
		if take then redis.call('XDEL', stream, entry[1]) end
	end
end
if take and answer[3] > 0 and ARGV[12] == 'records:dead' then write_anew() end
if #entries == tonumber(ARGV[14]) then answer[2] = entries[#entries][1] end
return answer
