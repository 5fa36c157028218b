-- Makes an account ready to take an archive; what it prefers is taken only where nothing is yet.
-- KEYS: stats, last_login, days, account, sessions, moods, chats.
-- ARGV: first day or '', then four lists, each its length and its items: fields and values of the
-- stats and of the account for an empty account, more of the account, the sessions.
-- Reply: nil without stats; else 1.
if not ensure(ARGV[1]) then return false end
local counted = redis.call('HGET', stats, 'conversations') ~= '0'
local empty = not counted and redis.call('EXISTS', KEYS[6], KEYS[7]) == 0

local place = 2
local function write(key, wanted)
  local first, last = place + 1, place + tonumber(ARGV[place])
  place = last + 1
  if wanted and last >= first then redis.call('HSET', key, unpack(ARGV, first, last)) end
end

-- The file's clocks are in force for its entries, and what they say of today is not known here.
if empty then redis.call('HDEL', stats, 'clocks', 'active_until') end
write(stats, empty)
write(KEYS[4], empty)
write(KEYS[4], true)
write(KEYS[5], true)
changed()
return 1
