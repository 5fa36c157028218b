-- Makes an account, its stats and its first session, and notes the log-in.
-- KEYS: stats, last_login, days, account, sessions, logins, void.
-- ARGV: first day, when it ends (s), time zone and day start or '' and '', name, e-mail, password hash, now (s),
-- session id, session, the log-in.
-- Reply: 1 when it was made, 0 when the id is barred or taken.
if exists() or redis.call('EXISTS', KEYS[7]) == 1 then return 0 end
create(ARGV[1])
redis.call('HSET', stats, 'active_until', ARGV[2])
if ARGV[3] ~= '' then redis.call('HSET', stats, 'timezone', ARGV[3], 'day_start', ARGV[4]) end
redis.call('HSET', KEYS[4], 'name', ARGV[5], 'email', ARGV[6], 'password', ARGV[7], 'created', ARGV[8])
redis.call('HSET', KEYS[5], ARGV[9], ARGV[10])
redis.call('ZADD', KEYS[6], ARGV[8], ARGV[11])
return 1
