-- Writes practice subscriptions unless they changed meanwhile. KEYS: stats, last_login, days, practice.
-- ARGV: what was read, what is to stand. Reply: 1 when it was written, else 0.
if not exists() or (redis.call('GET', KEYS[4]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[4], ARGV[2])
return 1
