-- Begins a session, notes the log-in, and clears sessions and log-ins that have run out.
-- KEYS: stats, last_login, days, account, sessions, logins, failures, recovery.
-- ARGV: session id, session, idle limit (s), age limit (s); the log-in, its time (s), the time (s) before
-- which log-ins go, how many are kept; the password hash that was verified or ''; the secret and the time
-- step of a code, or '' and 0; the hash of a recovery code or ''; how many sessions there may be;
-- the mark of a sign-in link or ''.
-- Reply: 1, or 0 without the user or when what was shown does not do (any more).
local account, sessions, recovery = KEYS[4], KEYS[5], KEYS[8]
if not exists() or redis.call('EXISTS', account) == 0 then return 0 end
local known = redis.call('HMGET', account, 'password', 'totp', 'totp_step')
if ARGV[9] ~= '' and known[1] ~= ARGV[9] then return 0 end
if ARGV[14] ~= '' and redis.call('HGET', account, 'mark') ~= ARGV[14] then return 0 end

-- A code is good once: its step must be later than the last (RFC 6238, section 5.2).
if ARGV[12] ~= '' then
  if redis.call('SREM', recovery, ARGV[12]) == 0 then return 0 end
elseif ARGV[10] ~= '' then
  if known[2] ~= ARGV[10] or tonumber(ARGV[11]) <= tonumber(known[3]) then return 0 end
  redis.call('HSET', account, 'totp_step', ARGV[11])
elseif known[2] then
  return 0
end
forget_wrong_codes(account)

local now = tonumber(ARGV[6])
end_old_sessions(sessions, now, tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[13]) - 1)
redis.call('HSET', sessions, ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[6], now, ARGV[5])
redis.call('ZREMRANGEBYRANK', KEYS[6], 0, -ARGV[8] - 1)
for i = 6, 7 do redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', '(' .. ARGV[7]) end
return 1
