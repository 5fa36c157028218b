-- Takes an entry back, once. KEYS: stats, last_login, days, moods, notes, mood_tags, ops.
-- ARGV: operation id or '', entry id (ms). Reply: nil without stats; else the snapshot.
if not exists() then return false end
if first_time(KEYS[7], ARGV[1]) then remove_mood(KEYS[4], KEYS[5], KEYS[6], ARGV[2]) end
return {snapshot()}
