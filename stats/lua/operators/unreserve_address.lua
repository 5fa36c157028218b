-- Takes back what reserve_address wrote: the change, and an account into which nothing leads.
-- KEYS: stats, last_login, days, account. ARGV: the change, the one before it or ''.
if redis.call('HGET', KEYS[4], 'change') ~= ARGV[1] then return end
redis.call('HDEL', KEYS[4], 'change')
if ARGV[2] ~= '' then redis.call('HSET', KEYS[4], 'change', ARGV[2]) end
local doors = redis.call('HMGET', KEYS[4], 'email', 'password', 'mark')
if doors[1] == '' and not doors[2] and not doors[3] then redis.call('DEL', KEYS[4]) end
