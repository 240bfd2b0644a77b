-- snapshot_done: the peaks are in PostgreSQL; from here each counts from the present number.
-- A peak that rose in the meantime stays for the next snapshot.
-- ARGV[8] JSON array of {a: stage ARN, m: peak that was written}
-- -> {'OK', peaks begun anew}
--@include head epoch stages
local begun = 0
for _, written in ipairs(cjson.decode(ARGV[8])) do
	local peak = P .. 'peak:' .. written.a
	local highest = tonumber(redis.call('GET', peak) or nil)
	if highest and highest <= written.m then
		local viewers = viewers_now(written.a)
		if viewers > 0 then redis.call('SET', peak, viewers) else redis.call('DEL', peak) end
		begun = begun + 1
	end
end
return {'OK', begun}
