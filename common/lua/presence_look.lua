-- presence_look: the stages that may have seats, and what is left behind of seats that are gone, all in
-- one instant. What is left behind shows in the sums; only when they differ all entries are read.
-- ARGV[8] most findings to name  ARGV[9] '1' = read all entries whatever the sums are
-- -> {'OK', seats, number of stages, arn, ..., fault, arn, user, fault, arn, user, ...}; faults:
--    session_no_seat index_stray stage_unlisted
--@include head epoch stages session seated
local limit, all = tonumber(ARGV[8]), ARGV[9] == '1'
local arns, seen, listed, found, sum = {}, {}, {}, {}, 0
local function add(arn)
	if seen[arn] then return end
	arns[#arns + 1], seen[arn] = arn, true
	sum = sum + redis.call('ZCARD', beats(arn))
end
local function find(fault, arn, user)
	if #found >= limit * 3 then return end
	found[#found + 1], found[#found + 2], found[#found + 3] = fault, arn, user
end
for _, stage in ipairs(all_stages()) do add(stage.arn) end
for _, arn in ipairs(redis.call('SMEMBERS', P .. 'viewer:stages')) do
	listed[arn] = true
	add(arn)
end
-- Who sits elsewhere has an entry that is wrong, not one too many: presence_page finds it.
local function sits(user)
	for _, arn in ipairs(arns) do
		if has_seat(user, arn) then return true end
	end
end
if all or redis.call('HLEN', P .. 'viewer:stage') ~= sum then
	local flat, strays = redis.call('HGETALL', P .. 'viewer:stage'), {}
	for i = 1, #flat, 2 do
		-- A stage that nobody lists, and he sits there.
		if has_seat(flat[i], flat[i + 1]) then add(flat[i + 1])
		else strays[#strays + 1] = i end
	end
	for _, i in ipairs(strays) do
		if not sits(flat[i]) then find('index_stray', flat[i + 1], flat[i]) end
	end
end
for _, arn in ipairs(arns) do
	local seats = redis.call('ZCARD', beats(arn))
	if seats > 0 and not listed[arn] then find('stage_unlisted', arn, '') end
	if all or redis.call('HLEN', session_key(arn)) ~= seats then
		for _, user in ipairs(redis.call('HKEYS', session_key(arn))) do
			if not has_seat(user, arn) then find('session_no_seat', arn, user) end
		end
	end
end
local answer = {'OK', sum, #arns}
for _, arn in ipairs(arns) do answer[#answer + 1] = arn end
for _, word in ipairs(found) do answer[#answer + 1] = word end
return answer
