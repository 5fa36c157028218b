-- Reads the recent log-ins and how the account is guarded.
-- KEYS: stats, last_login, days, account, logins, failures, recovery. ARGV: the oldest time (s) wanted.
-- Reply: {log-ins, failed tries, since when (s) two-factor is on or nil, recovery codes left}, newest first.
local function newest(key)
  return redis.call('ZREVRANGEBYSCORE', key, '+inf', ARGV[1])
end
return {newest(KEYS[5]), newest(KEYS[6]), redis.call('HGET', KEYS[4], 'totp_since'),
  redis.call('SCARD', KEYS[7])}
