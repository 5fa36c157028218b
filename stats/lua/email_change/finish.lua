-- Gives an account the address that is claimed for it.
-- KEYS: stats, last_login, days, account, sessions. ARGV: number, new address, now (s) or '' when
-- nobody confirmed it. Reply: {2, the old address} once written; {1} when it stands already or a
-- later change is about to write it; {0} when that change is no longer under way.
local change = redis.call('HGET', KEYS[4], 'change') or ''
local number, _, new, old, to = string.match(change, '^(%d+) (%d+) (%d) (%d) (.+)$')
local email = redis.call('HGET', KEYS[4], 'email')
if email == ARGV[2] then return {1} end
if not exists() or number ~= ARGV[1] or to ~= ARGV[2] or new ~= '1' or old ~= '1' then
  return {to == ARGV[2] and 1 or 0}
end
redis.call('HSET', KEYS[4], 'email', to)
redis.call('HDEL', KEYS[4], 'change', 'confirmed')
if ARGV[3] ~= '' then redis.call('HSET', KEYS[4], 'confirmed', ARGV[3]) end
return {2, email}
