-- Reads moods and activity, oldest first. KEYS: stats, last_login, days, moods, chats.
-- ARGV: since (ms), since (YYYYMMDD). Reply: {mood entries, active days, times (ms) of conversations}.
local place = find_mood(KEYS[4], tonumber(ARGV[1]))
local from = redis.call('LLEN', days)
while from > 0 and tonumber(redis.call('LINDEX', days, from - 1)) >= tonumber(ARGV[2]) do
  from = from - 1
end
local saved = redis.call('ZRANGEBYSCORE', KEYS[5], ARGV[1], '+inf', 'WITHSCORES')
local times = {}
for i = 2, #saved, 2 do times[#times + 1] = saved[i] end
return {redis.call('LRANGE', KEYS[4], place, -1), redis.call('LRANGE', days, from, -1), times}
