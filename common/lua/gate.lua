-- gate: the rate limit alone, for routes whose work is not in Redis.
-- -> {'OK'}
--@include head rate
return {'OK'}
