-- Notes a log-in that failed, if there is such an account.
-- KEYS: stats, last_login, days, account, logins, failures, recovery.
-- ARGV: the entry, its time (s), the time (s) before which entries go, how many are kept.
if not exists() or redis.call('EXISTS', KEYS[4]) == 0 then return end
redis.call('ZADD', KEYS[6], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[6], 0, -ARGV[4] - 1)
for i = 5, 6 do redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', '(' .. ARGV[3]) end
