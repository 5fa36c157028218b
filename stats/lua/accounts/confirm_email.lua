-- Marks an address as confirmed. KEYS: stats, last_login, days, account, sessions.
-- ARGV: the address, now (s). Reply: 1, or 0 when the account has another address.
if not exists() or redis.call('HGET', KEYS[4], 'email') ~= ARGV[1] then return 0 end
redis.call('HSETNX', KEYS[4], 'confirmed', ARGV[2])
return 1
