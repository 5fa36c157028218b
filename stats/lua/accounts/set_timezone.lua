-- Sets the time zone from now on; the start of day stays. KEYS: stats, last_login, days.
-- ARGV: time zone, now (ms), 1 to do so only if nobody has chosen one.
-- Reply: nil without stats; else the snapshot.
if not exists() then return false end
local timezone, day_start = unpack(redis.call('HMGET', stats, 'timezone', 'day_start'))
if not (timezone and ARGV[3] == '1') then set_clock(ARGV[1], day_start or '0', ARGV[2]) end
return {snapshot()}
