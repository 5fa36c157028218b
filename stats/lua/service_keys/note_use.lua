-- Notes that a service key is used now. KEYS: the service keys.
-- ARGV: its prefix and its digest, now (s), how rarely its use is written (s).
local kept = redis.call('HGET', KEYS[1], ARGV[1]) or ''
local digest, made, used, name = string.match(kept, '^(%x+):(%d+):(%d+):(.*)$')
if digest == ARGV[2] and tonumber(ARGV[3]) - tonumber(used) >= tonumber(ARGV[4]) then
  redis.call('HSET', KEYS[1], ARGV[1], digest .. ':' .. made .. ':' .. ARGV[3] .. ':' .. name)
end
