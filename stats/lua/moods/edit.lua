-- Changes an entry's score, note and tags. KEYS: stats, last_login, days, moods, notes, mood_tags.
-- ARGV: entry id (ms), score * 10, note, tags (JSON). Reply: nil without the entry; else the snapshot.
if not exists() then return false end
local id = tonumber(ARGV[1])
local place, value = find_mood(KEYS[4], id)
if not value or entry_at(value) ~= id then return false end
redis.call('LSET', KEYS[4], place, string.format('%.0f', id * 128 + tonumber(ARGV[2])))
write_words(KEYS[5], KEYS[6], ARGV[1], ARGV[3], ARGV[4])
refresh_mood(KEYS[4])
return {snapshot()}
