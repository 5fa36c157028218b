-- Changes the profile; the page is due again at once, for the day may be another one now.
-- KEYS: stats, last_login, days, account, sessions.
-- ARGV: name, time zone, day start, now (ms), then fields and values of the account.
-- Reply: nil without stats; else the snapshot.
if not exists() then return false end
redis.call('HSET', KEYS[4], 'name', ARGV[1], unpack(ARGV, 5))
set_clock(ARGV[2], ARGV[3], ARGV[4])
return {snapshot()}
