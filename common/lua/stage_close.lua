-- stage_close: begin to remove a stage: from here nobody is seated there. Never with a viewer, nor
-- with one who has asked for another stage and may come back, should that come to nothing.
-- ARGV[8] lock token  ARGV[9] stage ARN
-- -> {'OK', JSON of the entry, its state before}
--  | {'MASTER'} | {'NO_STAGE'} | {'BUSY', seats taken} | {'LOST'}
--@include head epoch fence stages fact entry session
local arn = ARGV[9]
if arn == MASTER then return {'MASTER'} end
if not known(arn) then return {'NO_STAGE'} end
while evict(arn, 500) == 500 do end
local seats = redis.call('ZCARD', beats(arn)) + parked_from(arn)
if seats > 0 then return {'BUSY', seats} end
local before = stage_of(arn).state or 'active'
return {'OK', entry_write(arn, {state = 'closing'}), before}
