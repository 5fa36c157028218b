-- Keeps a new service key. KEYS: the service keys. ARGV: prefix, what is kept of it, how many there may be.
-- Reply: 1; 0 when the prefix is taken; nil when there are too many.
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return false end
return redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
