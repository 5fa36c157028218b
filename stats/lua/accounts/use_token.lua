-- Uses a token up. KEYS: token. ARGV: the kind that is expected. Reply: what it holds, or nil.
local held = redis.call('GET', KEYS[1])
if not held or string.match(held, '^%S+') ~= ARGV[1] then return false end
redis.call('DEL', KEYS[1])
return held
