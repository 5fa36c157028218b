-- Adds one to a count. KEYS: stats, last_login, days. ARGV: field. Reply: nil without stats; the count.
if not exists() then return false end
changed()
return redis.call('HINCRBY', stats, ARGV[1], 1)
