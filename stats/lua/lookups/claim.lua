-- Claims a look-up. KEYS: look-up. ARGV: user id, [the holder from whom it may be taken].
-- Reply: nil when it is ours now; else the holder.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] and holder ~= ARGV[2] then return holder end
redis.call('SET', KEYS[1], ARGV[1])
return false
