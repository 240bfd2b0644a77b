-- rate: the fixed window of one client. Ends the script with {'RATE', ms until it ends, limit}.
if ARGV[1] ~= '' then
	local bucket = P .. 'rate:' .. ARGV[1]
	local calls = redis.call('INCR', bucket)
	if calls == 1 then redis.call('PEXPIRE', bucket, ARGV[3]) end
	if calls > tonumber(ARGV[2]) then
		-- A clock that was set back makes no window longer.
		if redis.call('PTTL', bucket) > tonumber(ARGV[3]) then redis.call('PEXPIRE', bucket, ARGV[3]) end
		return {'RATE', redis.call('PTTL', bucket), tonumber(ARGV[2])}
	end
end
