-- Reads all that is stored about a user.
-- KEYS: stats, last_login, days, account, sessions, moods, notes, chats, heads, bodies, deleted, ops,
-- billing, billing:done, customers, practice.
-- Reply: nil without stats; else the contents of the keys from `days` to `practice`, in their order,
-- flat where they are pairs, then the snapshot.
if not exists() then return false end
local function all(key)
  return redis.call('HGETALL', key)
end
local function ranked(key)
  return redis.call('ZREVRANGE', key, 0, -1, 'WITHSCORES')
end
return {redis.call('LRANGE', days, 0, -1), all(KEYS[4]), all(KEYS[5]),
  redis.call('LRANGE', KEYS[6], 0, -1), all(KEYS[7]), ranked(KEYS[8]), all(KEYS[9]), all(KEYS[10]),
  redis.call('SMEMBERS', KEYS[11]), ranked(KEYS[12]), all(KEYS[13]), ranked(KEYS[14]),
  redis.call('SMEMBERS', KEYS[15]), redis.call('GET', KEYS[16]), snapshot()}
