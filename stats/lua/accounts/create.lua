-- Makes an account, its stats and its first session, and notes the log-in.
-- KEYS: stats, last_login, days, account, sessions, logins, void.
-- ARGV: first day, time zone, day start, name, e-mail, password hash, now (s), session id, session, the log-in.
-- Reply: 1 when it was made, 0 when the id is barred or taken.
if exists() or redis.call('EXISTS', KEYS[7]) == 1 then return 0 end
create(ARGV[1])
redis.call('HSET', stats, 'timezone', ARGV[2], 'day_start', ARGV[3])
redis.call('HSET', KEYS[4], 'name', ARGV[4], 'email', ARGV[5], 'password', ARGV[6], 'created', ARGV[7])
redis.call('HSET', KEYS[5], ARGV[8], ARGV[9])
redis.call('ZADD', KEYS[6], ARGV[7], ARGV[10])
return 1
