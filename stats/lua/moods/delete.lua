-- Deletes an entry. KEYS: stats, last_login, days, moods, notes. ARGV: entry id (ms).
-- Reply: nil without the entry; else the snapshot.
if not exists() or not remove_mood(KEYS[4], KEYS[5], ARGV[1]) then return false end
return {snapshot()}
