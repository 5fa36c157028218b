-- Notes that an address is to be changed, in place of what was asked before. Changes are numbered.
-- KEYS: stats, last_login, days, account, sessions.
-- ARGV: the hash of the password that was given, the new address, the end of it (s), '1' to wait
-- for nobody. Reply: nil when the password or the address is no longer that, else {number, address
-- now, 1 when it is waited for the old address}.
if not exists() then return false end
local account = redis.call('HMGET', KEYS[4], 'password', 'email', 'confirmed')
if account[1] ~= ARGV[1] or account[2] == ARGV[2] then return false end
local number = redis.call('HINCRBY', KEYS[4], 'changes', 1)
local new = ARGV[4] == '1' and 1 or 0
local old = (new == 1 or not account[3]) and 1 or 0
redis.call('HSET', KEYS[4], 'change', table.concat({number, ARGV[3], new, old, ARGV[2]}, ' '))
return {number, account[2], 1 - old}
