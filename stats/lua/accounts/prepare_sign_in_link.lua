-- Readies a user for sign-in links: who has stats alone is given an account without password and address.
-- KEYS: stats, last_login, days, account. ARGV: name for a new account, now (s), a mark nobody had before.
-- Reply: nil without stats; else the account's mark, which goes with it.
if not exists() then return false end
if redis.call('EXISTS', KEYS[4]) == 0 then
  redis.call('HSET', KEYS[4], 'name', ARGV[1], 'email', '', 'created', ARGV[2])
  changed()
end
redis.call('HSETNX', KEYS[4], 'mark', ARGV[3])
return redis.call('HGET', KEYS[4], 'mark')
