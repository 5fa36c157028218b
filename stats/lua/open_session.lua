-- Begins a session and clears those that have run out. KEYS: stats, last_login, days, account, sessions.
-- ARGV: session id, session, now (s), idle limit (s), age limit (s). Reply: 1, or 0 without the user.
if not exists() or redis.call('EXISTS', KEYS[4]) == 0 then return 0 end
local now, idle, longest = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local all = redis.call('HGETALL', KEYS[5])
for i = 1, #all, 2 do
  local made, seen = string.match(all[i + 1], '^(%d+):(%d+):')
  if not made or now - made >= longest or now - seen >= idle then
    redis.call('HDEL', KEYS[5], all[i])
  end
end
redis.call('HSET', KEYS[5], ARGV[1], ARGV[2])
return 1
