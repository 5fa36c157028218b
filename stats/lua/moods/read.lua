-- Reads entries, oldest first. KEYS: stats, last_login, days, moods, notes, mood_tags.
-- ARGV: since (ms), before (ms) or '' for no end.
-- Reply: {the entries, their notes, their tags (JSON)}; nil where an entry has none.
return read_entries(KEYS[4], KEYS[5], KEYS[6], ARGV[1], ARGV[2])
