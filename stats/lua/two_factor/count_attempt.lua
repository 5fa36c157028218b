-- Counts an attempt at the second factor before it is looked at, unless codes are locked.
-- KEYS: stats, last_login, days, account.
-- ARGV: now (s), with which attempt in a row the first lock begins, how long it and the longest are (s).
-- Reply: 0 when it was counted, or there is no second factor; else the time (s) to wait.
local account, now, longest = KEYS[4], tonumber(ARGV[1]), tonumber(ARGV[4])
local known = redis.call('HMGET', account, 'totp', 'codes_locked')
if not known[1] then return 0 end
local locked = tonumber(known[2] or 0)
if now < locked then return math.min(locked - now, longest) end
local again = redis.call('HINCRBY', account, 'code_attempts', 1) - tonumber(ARGV[2])
if again >= 0 then
  local lock = math.min(longest, tonumber(ARGV[3]) * 2 ^ again)
  redis.call('HSET', account, 'codes_locked', string.format('%.0f', now + lock))
end
return 0
