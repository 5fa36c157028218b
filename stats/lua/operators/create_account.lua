-- Gives a user id an account, or an address to one that has none; stats that are there stay.
-- KEYS: stats, last_login, days, account, void. ARGV: first day, name, e-mail, password hash or '' for none, now (s),
-- the reserved change, '' when there were no stats.
-- Reply: 1 when it was given, 0 when there is one with an address already, nil when the id is barred,
-- 2 when what was reserved is no longer that.
local account = redis.call('HMGET', KEYS[4], 'email', 'change')
if (account[1] or '') ~= '' then return 0 end
if redis.call('EXISTS', KEYS[5]) == 1 then return false end
if exists() ~= (ARGV[6] ~= '') or (account[2] or '') ~= ARGV[6] then return 2 end
ensure(ARGV[1])
redis.call('HSET', KEYS[4], 'name', ARGV[2], 'email', ARGV[3])
redis.call('HSETNX', KEYS[4], 'created', ARGV[5])
redis.call('HDEL', KEYS[4], 'change')
if ARGV[4] ~= '' then redis.call('HSET', KEYS[4], 'password', ARGV[4]) end
changed()
return 1
