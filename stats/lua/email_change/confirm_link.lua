-- Notes that a link of a change of address was pressed.
-- KEYS: stats, last_login, days, account, sessions. ARGV: number, 'new' or 'old', now (s).
-- Reply: nil when that change is no longer under way; else {new address, 1 when all were pressed}.
local change = redis.call('HGET', KEYS[4], 'change') or ''
local number, ends, new, old, to = string.match(change, '^(%d+) (%d+) (%d) (%d) (.+)$')
if not exists() or number ~= ARGV[1] then return false end
local complete = new == '1' and old == '1'
if not complete and tonumber(ends) <= tonumber(ARGV[3]) then return false end
if ARGV[2] == 'new' then new = '1' else old = '1' end
redis.call('HSET', KEYS[4], 'change', table.concat({number, ends, new, old, to}, ' '))
return {to, (new == '1' and old == '1') and 1 or 0}
