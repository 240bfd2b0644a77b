-- presence_page: one page of the seats of a stage, the longest silent first, each with what is wrong
-- with it. Who beats meanwhile moves towards the end: he may be seen twice and is never missed.
-- ARGV[8] stage ARN; '' = those who are about to move, all of them, each on the stage he comes from
-- ARGV[9] page size  ARGV[10], ARGV[11] beat and user the last page ended with ('' = from the start)
-- -> {'OK', more 0|1, beat and user it ends with, arn, user, session id ('' = none), fault, ...}
--    faults: '' none, seat_no_session, index_wrong, move_broken
--@include head epoch stages session seated page
local arn, size = ARGV[8], tonumber(ARGV[9])
local answer = {'OK', 0, '', ''}
local function add(at, user, sid, fault)
	local n = #answer
	answer[n + 1], answer[n + 2], answer[n + 3], answer[n + 4] = at, user, sid, fault
end
if arn == '' then
	for _, user in ipairs(redis.call('HKEYS', P .. 'viewer:moving')) do
		local session, from = whole_move(user)
		add(from or '', user, session and session.s or '', session and '' or 'move_broken')
	end
	return answer
end
local page, last, more = page_of(beats(arn), 0, ARGV[10], ARGV[11], size)
if more == 1 then answer[2], answer[3], answer[4] = 1, page[last], page[last - 1] end
for i = 1, last, 2 do
	local session = whole_session(page[i], arn)
	local fault = not session and 'seat_no_session'
		or index_of(page[i]) ~= arn and 'index_wrong' or ''
	add(arn, page[i], session and session.s or '', fault)
end
return answer
