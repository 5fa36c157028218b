-- Sets a password that was forgotten, ends all sessions and sign-in links, and drops a change of address
-- under way.
-- KEYS: stats, last_login, days, account, sessions.
-- ARGV: the hash and the address that the link was made for ('' for none), the new hash, now (s).
-- Reply: 1, or 0 when either is another one by now.
if not exists() then return 0 end
local account = redis.call('HMGET', KEYS[4], 'password', 'email')
if (account[1] or '') ~= ARGV[1] or (account[2] or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[4], 'password', ARGV[3], 'confirmed', ARGV[4])
redis.call('HDEL', KEYS[4], 'change', 'mark')
redis.call('DEL', KEYS[5])
return 1
