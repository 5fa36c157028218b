-- Writes a whole history into an account that has none.
-- KEYS: stats, last_login, days, account, sessions, moods, notes, chats, heads, bodies, deleted,
-- first_saved.
-- ARGV: first day or '', the last active day or '', then eleven lists, each its length and its items: the
-- fields and values of the stats and of the account, the sessions, active days, moods, notes (id,
-- note), chats (ms, id), heads (id, JSON), bodies (id, JSON), ids of deleted chats,
-- times of those first saved earlier (ms, id).
-- Reply: nil without stats; 0 when there is something already; else 1.
if not ensure(ARGV[1]) then return false end
local counted = redis.call('HGET', stats, 'conversations') ~= '0'
if counted or redis.call('EXISTS', KEYS[6], KEYS[8]) > 0 then return 0 end

local place = 3
local function write(command, key)
  local first, last = place + 1, place + tonumber(ARGV[place])
  place = last + 1
  -- Lua's stack holds some 8,000 values.
  for from = first, last, 1000 do
    redis.call(command, key, unpack(ARGV, from, math.min(from + 999, last)))
  end
end

redis.call('HDEL', stats, 'undo', 'forgiven')
write('HSET', stats)
write('HSET', KEYS[4])
write('HSET', KEYS[5])
redis.call('DEL', last_login, days)
if ARGV[2] ~= '' then redis.call('SET', last_login, ARGV[2]) end
write('RPUSH', days)
write('RPUSH', KEYS[6])
write('HSET', KEYS[7])
write('ZADD', KEYS[8])
write('HSET', KEYS[9])
write('HSET', KEYS[10])
redis.call('DEL', KEYS[11])
write('SADD', KEYS[11])
redis.call('DEL', KEYS[12])
write('ZADD', KEYS[12])
redis.call('HSET', stats, 'fresh_until', 0)
refresh_mood(KEYS[6])
return 1
