-- Changes the profile; the page is due again at once, for the day may be another one now.
-- KEYS: stats, last_login, days, account, sessions.
-- ARGV: name, time zone, day start, then fields and values of the account.
-- Reply: nil without stats; else the snapshot.
if not exists() then return false end
redis.call('HSET', KEYS[4], 'name', ARGV[1], unpack(ARGV, 4))
redis.call('HSET', stats, 'timezone', ARGV[2], 'day_start', ARGV[3], 'fresh_until', 0)
redraw()
return {snapshot()}
