-- Tells whether a user has no claim to an address: it is not theirs, nor is a change to it under way.
-- KEYS: stats, last_login, days, account, sessions. ARGV: address, now (s).
-- Reply: nil when there is a claim; else the number of the user's last change (0 for none).
local account = redis.call('HMGET', KEYS[4], 'email', 'change', 'changes')
if account[1] == ARGV[1] then return false end
local ends, new, old, to = string.match(account[2] or '', '^%d+ (%d+) (%d) (%d) (.+)$')
local live = ends and ((new == '1' and old == '1') or tonumber(ends) > tonumber(ARGV[2]))
if live and to == ARGV[1] then return false end
return account[3] or '0'
