-- unban: lift a ban.
-- ARGV[8] user
-- -> {'OK', was banned 0|1, drain due 0|1}
--@include head epoch rate session bans fact
local user, was = ARGV[8], banned(ARGV[8])
if was then
	fact('ban', user, cjson.null)
	redis.call('HDEL', P .. 'bans', user)
end
return {'OK', was and 1 or 0, drain_due()}
