-- Reads the tags of conversations by the time at which these were first saved, and the first mood.
-- KEYS: stats, last_login, days, moods, chats, first_saved, heads. ARGV: since (ms).
-- Reply: {times (ms), the tags of each (JSON), the first mood entry or nil}.
local ids, times = first_saved_between(KEYS[5], KEYS[6], ARGV[1], '+inf')
local tagged, tags = {}, {}
for i, id in ipairs(ids) do
  local stored = cjson.decode(redis.call('HGET', KEYS[7], id) or '{"tags":[]}').tags
  if #stored > 0 then
    tagged[#tagged + 1], tags[#tags + 1] = times[i], cjson.encode(stored)
  end
end
return {tagged, tags, redis.call('LINDEX', KEYS[4], 0)}
