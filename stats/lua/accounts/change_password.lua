-- Changes the password and ends all other sessions, unless the password is another one by now.
-- KEYS: stats, last_login, days, account, sessions.
-- ARGV: the hash that was verified, the new one, the session id to keep.
-- Reply: nil when nothing was changed; else how many sessions were ended.
if not exists() or redis.call('HGET', KEYS[4], 'password') ~= ARGV[1] then return false end
redis.call('HSET', KEYS[4], 'password', ARGV[2])
-- Whoever knew the old one may have asked for another address.
redis.call('HDEL', KEYS[4], 'change')
return end_sessions_but(KEYS[5], ARGV[3])
