-- Ends all sessions but one. KEYS: stats, last_login, days, account, sessions. ARGV: session id.
-- Reply: how many were ended.
local ended = 0
for _, id in ipairs(redis.call('HKEYS', KEYS[5])) do
  if id ~= ARGV[1] then ended = ended + redis.call('HDEL', KEYS[5], id) end
end
return ended
