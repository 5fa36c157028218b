-- Notes that a session was used, if it still stands. KEYS: stats, last_login, days, account, sessions.
-- ARGV: session id, session.
if redis.call('HEXISTS', KEYS[5], ARGV[1]) == 1 then redis.call('HSET', KEYS[5], ARGV[1], ARGV[2]) end
