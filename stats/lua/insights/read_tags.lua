-- Reads the tags of mood entries, oldest first, and of conversations, in no order.
-- KEYS: stats, last_login, days, moods, chats, first_saved, mood_tags, heads. ARGV: since (ms).
-- Reply: {mood entries, their tags (JSON, nil where there are none), times (ms) at which
-- conversations were first saved, their tags (JSON), the first mood entry of all or nil}.
local ids, times = first_saved_between(KEYS[5], KEYS[6], ARGV[1], '+inf')
local tagged, tags = {}, {}
for i, id in ipairs(ids) do
  local own = cjson.decode(redis.call('HGET', KEYS[8], id) or '{"tags":[]}').tags
  if #own > 0 then tagged[#tagged + 1], tags[#tags + 1] = times[i], cjson.encode(own) end
end
local values = redis.call('LRANGE', KEYS[4], find_mood(KEYS[4], tonumber(ARGV[1])), -1)
return {values, read_words(KEYS[7], values), tagged, tags, redis.call('LINDEX', KEYS[4], 0)}
