-- Reads moods and activity, oldest first. KEYS: stats, last_login, days, moods, chats, first_saved.
-- ARGV: since (ms), since (YYYYMMDD). Reply: {mood entries, active days, times (ms)
-- at which conversations were first saved}.
local place = find_mood(KEYS[4], tonumber(ARGV[1]))
local from = redis.call('LLEN', days)
while from > 0 and tonumber(redis.call('LINDEX', days, from - 1)) >= tonumber(ARGV[2]) do
  from = from - 1
end
local _, times = first_saved_between(KEYS[5], KEYS[6], ARGV[1], '+inf')
return {redis.call('LRANGE', KEYS[4], place, -1), redis.call('LRANGE', days, from, -1), times}
