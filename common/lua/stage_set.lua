-- stage_set: change members of an entry that is there (null takes one out).
-- ARGV[8] lock token  ARGV[9] stage ARN  ARGV[10] JSON of the members to set
-- ARGV[11] only when its state is this one ('' = whatever it is)
-- -> {'OK', the whole entry as JSON, viewers now} | {'NO_STAGE'} | {'STATE', state} | {'LOST'}
--@include head epoch fence stages fact entry
local arn = ARGV[9]
if not known(arn) then return {'NO_STAGE'} end
local state = stage_of(arn).state or 'active'
if ARGV[11] ~= '' and state ~= ARGV[11] then return {'STATE', state} end
return {'OK', entry_write(arn, cjson.decode(ARGV[10])), viewers_now(arn)}
