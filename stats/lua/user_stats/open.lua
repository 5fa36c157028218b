-- Reads the stats, makes them first if there are none. KEYS: stats, last_login, days.
-- ARGV: the first active day. Reply: the snapshot.
ensure(ARGV[1])
return {snapshot()}
