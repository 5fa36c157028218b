-- Claims a look-up for a numbered change of a user, and keeps the highest number for an hour.
-- KEYS: look-up, mark. ARGV: user id, number, [the holder from whom it may be taken].
-- Reply: nil when it is ours now; else the holder.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] and holder ~= ARGV[3] then return holder end
redis.call('SET', KEYS[1], ARGV[1])
local whose, last = string.match(redis.call('GET', KEYS[2]) or '', '^(%S+) (%d+)$')
local number = math.max(tonumber(ARGV[2]), whose == ARGV[1] and tonumber(last) or 0)
redis.call('SET', KEYS[2], ARGV[1] .. ' ' .. string.format('%.0f', number), 'EX', 3600)
return false
