-- entry: writing one stage's entry of the registry. A member of null is taken out.
local function entry_write(arn, members)
	local entry = stage_of(arn)
	local was = entry.json
	entry.arn, entry.json, entry.master = nil, nil, arn == MASTER or nil
	for member, value in pairs(members) do
		if value == cjson.null then entry[member] = nil else entry[member] = value end
	end
	local json = cjson.encode(entry)
	if json ~= was then stage_fact(arn, entry, json) end
	return json
end
local function known(arn)
	return arn == MASTER or redis.call('HEXISTS', P .. 'stages', arn) == 1
end
