-- Replaces the recovery codes while two-factor is on and the password is still the one.
-- KEYS: stats, last_login, days, account, recovery. ARGV: the password hash that was verified, the hashes of the codes.
-- Reply: 1 when they were replaced, else 0.
local known = redis.call('HMGET', KEYS[4], 'password', 'totp')
if known[1] ~= ARGV[1] or not known[2] then return 0 end
redis.call('DEL', KEYS[5])
redis.call('SADD', KEYS[5], unpack(ARGV, 2))
return 1
