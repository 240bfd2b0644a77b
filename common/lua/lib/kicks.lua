-- kicks: what kicks of a person have done at AWS, so that a repeat goes on where the last one stopped.
--   ended:<user>    hash "<stage ARN> <participant id>" -> '1' the participant is dead for good
--                   | '0' ended while AWS did not list it. Expires with the life of a viewer token
--   cleared:<user>  hash stage ARN -> when the kick began that cleared it, ms. Only of a kick that is not
--                   over yet; expires after ten minutes
local function ended_key(user) return P .. 'ended:' .. user end
local function cleared_key(user) return P .. 'cleared:' .. user end
