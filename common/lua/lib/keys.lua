-- keys: the copy of the API keys that the programs use; the truth is api_keys in PostgreSQL.
--   api:keys          hash    SHA-256 of the key, hex -> JSON {id, scopes (comma list), exp ms or 0}
--   api:keys:version  string  "<place> <time>": another one with each change. The place orders lists
--                             by when they were read from PostgreSQL
-- All of them at once, so nobody ever sees half a list. rows: {{sha256 hex, id, scopes, exp}, ...}
local function keys_put(place, rows)
	redis.call('DEL', P .. 'api:keys')
	for _, row in ipairs(rows) do
		redis.call('HSET', P .. 'api:keys', row[1],
			cjson.encode({id = row[2], scopes = row[3], exp = tonumber(row[4])}))
	end
	local t = redis.call('TIME')
	redis.call('SET', P .. 'api:keys:version',
		string.format('%s %s%06d', place, t[1], tonumber(t[2])))
end
