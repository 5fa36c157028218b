-- Saves conversations that are not here, and counts those that were never counted here.
-- KEYS: stats, last_login, days, chats, heads, bodies, deleted, first_saved.
-- ARGV: newest first: id, time (ms), time first saved (ms) or '', head (JSON), messages (JSON).
-- Reply: nil without stats; else how many were saved.
if not exists() then return false end
local chats, heads, bodies, deleted = KEYS[4], KEYS[5], KEYS[6], KEYS[7]
-- So many of one millisecond keep their order.
local MAX_MOVED = 100

-- It is older than those of its millisecond that came before it.
local function place(id, at)
  local ends = '(' .. (at + 1)
  if redis.call('ZCOUNT', chats, at, ends) <= MAX_MOVED then
    for i, later in ipairs(redis.call('ZRANGEBYSCORE', chats, at, ends)) do
      redis.call('ZADD', chats, at + i / 1000, later)
    end
  end
  redis.call('ZADD', chats, at, id)
end

local added = 0
for i = 1, #ARGV, 5 do
  local id = ARGV[i]
  if redis.call('HSETNX', heads, id, ARGV[i + 3]) == 1 then
    redis.call('HSET', bodies, id, ARGV[i + 4])
    place(id, tonumber(ARGV[i + 1]))
    if ARGV[i + 2] ~= '' then redis.call('ZADD', KEYS[8], ARGV[i + 2], id) end
    if redis.call('SREM', deleted, id) == 0 then redis.call('HINCRBY', stats, 'conversations', 1) end
    added = added + 1
  end
end
if added > 0 then redraw() end
return added
