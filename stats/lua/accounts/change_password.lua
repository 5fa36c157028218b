-- Changes the password and ends all other sessions, unless the password is another one by now.
-- KEYS: stats, last_login, days, account, sessions.
-- ARGV: the hash that was verified, the new one, the session id to keep, its new id.
-- Reply: nil for another password, 0 when the session has ended, else 1.
if not exists() or redis.call('HGET', KEYS[4], 'password') ~= ARGV[1] then return false end
if not renew_session(KEYS[5], ARGV[3], ARGV[4]) then return 0 end
redis.call('HSET', KEYS[4], 'password', ARGV[2])
-- Whoever knew the old one may have asked for another address, or for sign-in links.
redis.call('HDEL', KEYS[4], 'change', 'mark')
return 1
