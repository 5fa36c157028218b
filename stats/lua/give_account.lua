-- Gives a user id an account, or an address to one that has none; stats that are there stay.
-- KEYS: stats, last_login, days, account, void. ARGV: first day, name, e-mail, password hash or '' for none, now (s).
-- Reply: 1 when it was given, 0 when there is one with an address already, nil when the id is barred.
if (redis.call('HGET', KEYS[4], 'email') or '') ~= '' then return 0 end
if redis.call('EXISTS', KEYS[5]) == 1 then return false end
ensure(ARGV[1])
redis.call('HSET', KEYS[4], 'name', ARGV[2], 'email', ARGV[3])
redis.call('HSETNX', KEYS[4], 'created', ARGV[5])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[4], 'password', ARGV[4]) end
changed()
return 1
