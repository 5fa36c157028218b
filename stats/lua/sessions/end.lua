-- Ends one session. KEYS: stats, last_login, days, account, sessions. ARGV: session id.
-- Reply: 1 when the account is a throw-away one, else 0.
redis.call('HDEL', KEYS[5], ARGV[1])
return redis.call('HEXISTS', KEYS[4], 'sample')
