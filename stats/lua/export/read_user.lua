-- Reads all that is stored about a user but the messages, which may be many megabytes.
-- KEYS: stats, last_login, days, account, sessions, moods, notes, chats, heads, deleted, ops,
-- billing, billing:done, customers, practice, first_saved, mood_tags.
-- Reply: nil without stats; else the contents of the keys from `days` to `mood_tags`, in their order,
-- flat where they are pairs, then the snapshot.
if not exists() then return false end
local function all(key)
  return redis.call('HGETALL', key)
end
local function ranked(key)
  return redis.call('ZREVRANGE', key, 0, -1, 'WITHSCORES')
end
return {redis.call('LRANGE', days, 0, -1), all(KEYS[4]), all(KEYS[5]),
  redis.call('LRANGE', KEYS[6], 0, -1), all(KEYS[7]), ranked(KEYS[8]), all(KEYS[9]),
  redis.call('SMEMBERS', KEYS[10]), ranked(KEYS[11]), all(KEYS[12]), ranked(KEYS[13]),
  redis.call('SMEMBERS', KEYS[14]), redis.call('GET', KEYS[15]), ranked(KEYS[16]),
  all(KEYS[17]), snapshot()}
