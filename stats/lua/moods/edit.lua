-- Changes an entry's score and note. KEYS: stats, last_login, days, moods, notes.
-- ARGV: entry id (ms), score * 10, note. Reply: nil without the entry; else the snapshot.
if not exists() then return false end
local id = tonumber(ARGV[1])
local place, value = find_mood(KEYS[4], id)
if not value or entry_at(value) ~= id then return false end
redis.call('LSET', KEYS[4], place, string.format('%.0f', id * 128 + tonumber(ARGV[2])))
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[5], ARGV[1])
else
  redis.call('HSET', KEYS[5], ARGV[1], ARGV[3])
end
refresh_mood(KEYS[4])
return {snapshot()}
