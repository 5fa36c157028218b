-- Switches two-factor on, unless it is on or the password is another one by now. All other sessions end:
-- they were begun without a code.
-- KEYS: stats, last_login, days, account, recovery, sessions.
-- ARGV: the password hash that was verified, the secret, now (s), the step of the code, the session id to
-- keep, its new id, the hashes of recovery codes.
-- Reply: 1 when it was switched on, 0 when not, -1 when the session has ended.
local account = KEYS[4]
if not exists() or redis.call('HGET', account, 'password') ~= ARGV[1] then return 0 end
if redis.call('HEXISTS', account, 'totp') == 1 then return 0 end
if not renew_session(KEYS[6], ARGV[5], ARGV[6]) then return -1 end
redis.call('HSET', account, 'totp', ARGV[2], 'totp_since', ARGV[3], 'totp_step', ARGV[4])
redis.call('DEL', KEYS[5])
redis.call('SADD', KEYS[5], unpack(ARGV, 7))
return 1
