-- Writes down that a user who has no address is about to be given one, as a change that waits for
-- nobody, so that nobody takes the claim for a leftover. Bare stats get an account for it.
-- KEYS: stats, last_login, days, account, void. ARGV: name for a new account, address, now (s).
-- Reply: nil when the id is barred, 0 when there is an address; else {the change, '' without stats;
-- the one that was under way, or ''}.
if (redis.call('HGET', KEYS[4], 'email') or '') ~= '' then return 0 end
if redis.call('EXISTS', KEYS[5]) == 1 then return false end
if not exists() then return {'', ''} end
if redis.call('EXISTS', KEYS[4]) == 0 then
  redis.call('HSET', KEYS[4], 'name', ARGV[1], 'email', '', 'created', ARGV[3])
end
local before = redis.call('HGET', KEYS[4], 'change') or ''
local number = redis.call('HINCRBY', KEYS[4], 'changes', 1)
local change = table.concat({number, ARGV[3], 1, 1, ARGV[2]}, ' ')
redis.call('HSET', KEYS[4], 'change', change)
return {change, before}
