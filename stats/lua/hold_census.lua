-- Keeps the turn of whoever counts the users, and writes the census down once it is complete.
-- KEYS: the turn, the census. ARGV: token, how long the turn lasts from now on (ms), then the
-- census as fields and values, or nothing while it is still being counted.
-- Reply: 1, or 0 if the turn has gone to somebody else.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
if #ARGV > 2 then redis.call('HSET', KEYS[2], unpack(ARGV, 3)) end
return 1
