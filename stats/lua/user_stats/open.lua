-- Reads the stats, makes them first if asked. KEYS: stats, last_login, days.
-- ARGV: the first active day, or '' to make none. Reply: nil without stats; else the snapshot.
if not ensure(ARGV[1]) then return false end
return {snapshot()}
