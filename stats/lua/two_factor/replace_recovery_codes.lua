-- Replaces the recovery codes while two-factor is on, the password is still the one and a code does.
-- KEYS: stats, last_login, days, account, recovery.
-- ARGV: the password hash that was verified; the secret and the step of a code, or '' and 0; the hash of a
-- recovery code or ''; the hashes of the new codes. Reply: 1 when they were replaced, else 0.
local account = KEYS[4]
local known = redis.call('HMGET', account, 'password', 'totp', 'totp_step')
if known[1] ~= ARGV[1] or not known[2] then return 0 end
local by_code = known[2] == ARGV[2] and tonumber(ARGV[3]) > tonumber(known[3])
if not (by_code or redis.call('SISMEMBER', KEYS[5], ARGV[4]) == 1) then return 0 end
if by_code then redis.call('HSET', account, 'totp_step', ARGV[3]) end
forget_wrong_codes(account)
redis.call('DEL', KEYS[5])
redis.call('SADD', KEYS[5], unpack(ARGV, 5))
return 1
