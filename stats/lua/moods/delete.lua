-- Deletes an entry. KEYS: stats, last_login, days, moods, notes, mood_tags. ARGV: entry id (ms).
-- Reply: nil without the entry; else {the entry, its note or nil, its tags (JSON) or nil}.
if not exists() then return false end
local value, note, tags = remove_mood(KEYS[4], KEYS[5], KEYS[6], ARGV[1])
return value and {value, note, tags}
