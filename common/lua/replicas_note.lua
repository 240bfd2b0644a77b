-- replicas_note: what AWS says of the replicas of one participant, into the entries of all stages.
--   replica = {p participant, s source ARN, at since (ms), on: AWS lists it as active}
-- ARGV[8] lock token  ARGV[9] source ARN  ARGV[10] participant
-- ARGV[11] JSON array of the ARNs with an active replica ('' = not looked)
-- ARGV[12] stage whose replication was just ordered ('' = none)
-- -> {'OK', stages of ours with an active replica of his, stages where it was ordered and is not
--     active yet} | {'LOST'}
--@include head epoch fence stages fact entry
local looked, listed, active, pending = ARGV[11] ~= '', {}, 0, 0
if looked then
	for _, arn in ipairs(cjson.decode(ARGV[11])) do listed[arn] = true end
end
for _, stage in ipairs(all_stages()) do
	local replica = stage.replica
	local his = type(replica) == 'table' and replica.p == ARGV[10]
	local on = listed[stage.arn] or not looked and his and replica.on == true
	if not stage.master and stage.state ~= 'unreadable' and (on or his or stage.arn == ARGV[12]) then
		if on then active = active + 1 else pending = pending + 1 end
		if not his or replica.on ~= on then
			entry_write(stage.arn, {replica = {p = ARGV[10], s = ARGV[9],
				at = his and replica.at or now, on = on}})
		end
	end
end
return {'OK', active, pending}
