-- fence: for scripts that change something for a run of the keeper. ARGV[8] is its token of
-- lock:job:autoscale ('' = somebody who needs no lock). A run that lost the lock, because it was
-- frozen for instance, changes nothing: the script ends with {'LOST'}.
if ARGV[8] ~= '' and redis.call('GET', P .. 'lock:job:autoscale') ~= ARGV[8] then
	return {'LOST'}
end
