-- Reads the service keys, and notes that one is used now if writes are taken. KEYS: the service keys.
-- ARGV: the prefix and the digest of the key that is used, now (s), how rarely its use is written (s).
-- Reply: prefix, "digest:made:used:name", prefix, …
local kept = redis.call('HGET', KEYS[1], ARGV[1]) or ''
local digest, made, used, name = string.match(kept, '^(%x+):(%d+):(%d+):(.*)$')
if digest == ARGV[2] and tonumber(ARGV[3]) - tonumber(used) >= tonumber(ARGV[4]) then
  redis.pcall('HSET', KEYS[1], ARGV[1], digest .. ':' .. made .. ':' .. ARGV[3] .. ':' .. name)
end
return redis.call('HGETALL', KEYS[1])
