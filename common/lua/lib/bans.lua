-- bans: hash `bans`, user -> since when, ms. Who is in it gets no token and no seat; the copy that
-- outlives Redis is the fact `ban`.
local function banned(user) return redis.call('HEXISTS', P .. 'bans', user) == 1 end
