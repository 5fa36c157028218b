-- Gives a user id an account; stats that are there stay as they are. KEYS: stats, last_login, days, account, void.
-- ARGV: first day, name, e-mail, password hash or '' for none, now (s).
-- Reply: 1 when it was given, 0 when there is one already, nil when the id is barred.
if redis.call('EXISTS', KEYS[4]) == 1 then return 0 end
if redis.call('EXISTS', KEYS[5]) == 1 then return false end
ensure(ARGV[1])
redis.call('HSET', KEYS[4], 'name', ARGV[2], 'email', ARGV[3], 'created', ARGV[5])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[4], 'password', ARGV[4]) end
changed()
return 1
