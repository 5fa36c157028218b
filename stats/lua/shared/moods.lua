-- Mood entries: integers at * 128 + score * 10 in a list sorted by `at`, which is an entry's id.
local function entry_at(value)
  return math.floor(tonumber(value) / 128)
end

-- The index of the first entry at or after `at`, and that entry (nil behind the end).
local function find_mood(moods, at)
  local low, high = 0, redis.call('LLEN', moods)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if entry_at(redis.call('LINDEX', moods, middle)) < at then low = middle + 1 else high = middle end
  end
  return low, redis.call('LINDEX', moods, low)
end

-- The current score is the latest entry's, whatever was recorded or taken back.
local function refresh_mood(moods)
  local last = redis.call('LINDEX', moods, -1)
  if last then
    local at = entry_at(last)
    redis.call('HSET', stats, 'mood_score', string.format('%.1f', (tonumber(last) - at * 128) / 10),
      'mood_updated_at', string.format('%.0f', at))
  else
    redis.call('HSET', stats, 'mood_score', 0)
    redis.call('HDEL', stats, 'mood_updated_at')
  end
  redraw()
end

-- Writes what an entry says, its note and its tags (JSON); '' takes either away.
local function write_words(notes, tags, id, note, list)
  for key, text in pairs({[notes] = note, [tags] = list}) do
    if text == '' then redis.call('HDEL', key, id) else redis.call('HSET', key, id, text) end
  end
end

-- The notes or the tags of entries, false where one has none.
local function read_words(key, values)
  local are_there, words = redis.call('EXISTS', key) == 1, {}
  for i, value in ipairs(values) do
    words[i] = are_there and redis.call('HGET', key, string.format('%.0f', entry_at(value)))
  end
  return words
end

-- The entries from `since` on and before `before` ('' for no end), their notes, their tags.
local function read_entries(moods, notes, tags, since, before)
  local first = find_mood(moods, tonumber(since))
  local last = before == '' and redis.call('LLEN', moods) or (find_mood(moods, tonumber(before)))
  local values = last > first and redis.call('LRANGE', moods, first, last - 1) or {}
  return {values, read_words(notes, values), read_words(tags, values)}
end

-- Of so many entries the tags are offered again.
local TAGGED_ENTRIES = 100

-- What stands beside a check-in form: the entries from `since` on, their notes and tags, and the tags
-- of the last entries, oldest first.
local function read_latest(moods, notes, tags, since)
  local latest = read_entries(moods, notes, tags, since, '')
  latest[4] = read_words(tags, redis.call('LRANGE', moods, -TAGGED_ENTRIES, -1))
  return latest
end

-- Removes an entry; returns it, its note and its tags (false where there are none), false without
-- that entry.
local function remove_mood(moods, notes, tags, id)
  local _, value = find_mood(moods, tonumber(id))
  if not value or entry_at(value) ~= tonumber(id) then return false end
  local note, list = redis.call('HGET', notes, id), redis.call('HGET', tags, id)
  redis.call('LREM', moods, 1, value)
  redis.call('HDEL', notes, id)
  redis.call('HDEL', tags, id)
  if redis.call('HGET', stats, 'undo') == id then redis.call('HDEL', stats, 'undo') end
  refresh_mood(moods)
  return value, note, list
end
