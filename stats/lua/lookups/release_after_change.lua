-- Removes a look-up of a user unless a later change of theirs has claimed it.
-- KEYS: look-up, mark. ARGV: user id, the number of the change that lets go.
-- Reply: 1 when it was removed, else 0.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local whose, last = string.match(redis.call('GET', KEYS[2]) or '', '^(%S+) (%d+)$')
if whose == ARGV[1] and tonumber(last) > tonumber(ARGV[2]) then return 0 end
return redis.call('DEL', KEYS[1])
