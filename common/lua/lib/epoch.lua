-- epoch: for every script that reads or changes seats, stages or the publisher. The key `epoch`:
--   "<loaded at, ms>"                      the state is whole
--   "<loaded at> <carry> <floor> <until>"  all ms. Until then who beat since floor counts as present:
--                                          the outage was ours (pulse.lua, restore_end.lua); so he does
--                                          after one more that begins before carry
-- Without it Redis has lost the state, and what is missing may not be missing at all: the script
-- ends with {'COLD'}.
local epoch = redis.call('GET', P .. 'epoch')
if not epoch then return {'COLD'} end
local floor, till = epoch:match(' (%d+) (%d+)$')
if till and now < tonumber(till) then cutoff = math.min(cutoff, tonumber(floor)) end
