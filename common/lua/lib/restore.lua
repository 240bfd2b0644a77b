-- restore: for the scripts that load a cold Redis (domain/restore). ARGV[8] is the token of the
-- loader's lock:job:restore; who was frozen past its end writes nothing. Each call makes it last
-- longer. ARGV[9] is how long, ms.
if redis.call('GET', P .. 'lock:job:restore') ~= ARGV[8] then return {'LOST'} end
redis.call('PEXPIRE', P .. 'lock:job:restore', ARGV[9])
