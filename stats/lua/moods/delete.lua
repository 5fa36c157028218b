-- Deletes an entry. KEYS: stats, last_login, days, moods, notes. ARGV: entry id (ms).
-- Reply: nil without the entry; else {the entry, its note or nil}.
if not exists() then return false end
local value, note = remove_mood(KEYS[4], KEYS[5], ARGV[1])
return value and {value, note}
