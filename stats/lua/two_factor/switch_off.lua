-- Switches two-factor off. KEYS: stats, last_login, days, account, recovery.
-- ARGV: the password hash that was verified; the secret and the step of a code, or '' and 0; the hash of a
-- recovery code or ''. Without any, an operator does it: nothing is asked.
-- Reply: 1 when it was switched off, else 0.
local account = KEYS[4]
local known = redis.call('HMGET', account, 'password', 'totp', 'totp_step')
if not known[2] then return 0 end
if #ARGV > 0 then
  local by_code = known[2] == ARGV[2] and tonumber(ARGV[3]) > tonumber(known[3])
  if known[1] ~= ARGV[1] or not (by_code or redis.call('SISMEMBER', KEYS[5], ARGV[4]) == 1) then return 0 end
end
redis.call('HDEL', account, 'totp', 'totp_since', 'totp_step')
forget_wrong_codes(account)
redis.call('DEL', KEYS[5])
return 1
