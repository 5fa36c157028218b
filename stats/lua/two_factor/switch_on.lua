-- Switches two-factor on, unless it is on or the password is another one by now.
-- KEYS: stats, last_login, days, account, recovery.
-- ARGV: the password hash that was verified, the secret, now (s), the step of the code, the hashes of recovery codes.
-- Reply: 1 when it was switched on, else 0.
local account = KEYS[4]
if not exists() or redis.call('HGET', account, 'password') ~= ARGV[1] then return 0 end
if redis.call('HEXISTS', account, 'totp') == 1 then return 0 end
redis.call('HSET', account, 'totp', ARGV[2], 'totp_since', ARGV[3], 'totp_step', ARGV[4])
redis.call('DEL', KEYS[5])
redis.call('SADD', KEYS[5], unpack(ARGV, 5))
return 1
