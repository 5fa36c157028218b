-- Forgets a change of address. KEYS: stats, last_login, days, account, sessions.
-- ARGV: its number, or '' for whichever is under way. Reply: nil, or {number, new address}.
local change = redis.call('HGET', KEYS[4], 'change') or ''
local number, to = string.match(change, '^(%d+) %d+ %d %d (.+)$')
if not number or (ARGV[1] ~= '' and ARGV[1] ~= number) then return false end
redis.call('HDEL', KEYS[4], 'change')
return {number, to}
