-- Reads what counts are made of. KEYS: stats, last_login, days, heads, deleted.
-- Reply: nil without stats; else {active days, how many conversations are known, snapshot...}.
if not exists() then return false end
local known = redis.call('HLEN', KEYS[4]) + redis.call('SCARD', KEYS[5])
return {redis.call('LRANGE', days, 0, -1), known, snapshot()}
