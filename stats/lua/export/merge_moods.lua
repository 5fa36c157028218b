-- Puts entries in their places; where a moment is taken, the entry that is there stays.
-- KEYS: stats, last_login, days, moods, notes, mood_tags.
-- ARGV: the entries, oldest first: integer, note, tags (JSON) or ''.
-- Reply: nil without stats; else how many were put in.
if not exists() then return false end
local moods = KEYS[4]
local low = find_mood(moods, entry_at(ARGV[1]))
local high = find_mood(moods, entry_at(ARGV[#ARGV - 2]) + 1)
local here = high > low and redis.call('LRANGE', moods, low, high - 1) or {}

local merged, added, next_here = {}, 0, 1
for i = 1, #ARGV, 3 do
  local at = entry_at(ARGV[i])
  while here[next_here] and entry_at(here[next_here]) <= at do
    merged[#merged + 1] = here[next_here]
    next_here = next_here + 1
  end
  if #merged == 0 or entry_at(merged[#merged]) ~= at then
    merged[#merged + 1], added = ARGV[i], added + 1
    write_words(KEYS[5], KEYS[6], string.format('%.0f', at), ARGV[i + 1], ARGV[i + 2])
  end
end
if added == 0 then return 0 end
for i = next_here, #here do merged[#merged + 1] = here[i] end

-- Whatever is shorter, the entries before or those after, is taken off and put back.
local length = redis.call('LLEN', moods)
if length - high <= low then
  local after = redis.call('LRANGE', moods, high, -1)
  if low == 0 then redis.call('DEL', moods) else redis.call('LTRIM', moods, 0, low - 1) end
  for _, list in ipairs({merged, after}) do
    for _, value in ipairs(list) do redis.call('RPUSH', moods, value) end
  end
else
  local before = low > 0 and redis.call('LRANGE', moods, 0, low - 1) or {}
  redis.call('LTRIM', moods, high, -1)
  for _, list in ipairs({merged, before}) do
    for i = #list, 1, -1 do redis.call('LPUSH', moods, list[i]) end
  end
end
refresh_mood(moods)
return added
