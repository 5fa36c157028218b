-- Sets a password by hand, ends all sessions and sign-in links, and drops a change of address under way.
-- KEYS: stats, last_login, days, account, sessions. ARGV: the hash. Reply: 1, or 0 without an account.
if not exists() or redis.call('EXISTS', KEYS[4]) == 0 then return 0 end
redis.call('HSET', KEYS[4], 'password', ARGV[1])
redis.call('HDEL', KEYS[4], 'change', 'mark')
redis.call('DEL', KEYS[5])
return 1
