-- Writes counts and active days, unless something has changed since they were read.
-- KEYS: stats, last_login, days. ARGV: the version that was read, the last active day or '', how many
-- fields and values of the stats, these, then the active days, oldest first.
-- Reply: 1 if they were written, else 0.
if redis.call('HGET', stats, 'version') ~= ARGV[1] then return 0 end
local last_field = 3 + tonumber(ARGV[3])
redis.call('HDEL', stats, 'forgiven', 'active_until')
redis.call('HSET', stats, 'fresh_until', 0, unpack(ARGV, 4, last_field))
if ARGV[2] ~= '' then redis.call('SET', last_login, ARGV[2]) end
redis.call('DEL', days)
for i = last_field + 1, #ARGV do redis.call('RPUSH', days, ARGV[i]) end
redraw()
return 1
