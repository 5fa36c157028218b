-- Reads entries, oldest first. KEYS: stats, last_login, days, moods, notes. ARGV: since (ms).
-- Reply: {the entries, their notes (nil where there is none)}.
local place = find_mood(KEYS[4], tonumber(ARGV[1]))
local values, notes = redis.call('LRANGE', KEYS[4], place, -1), {}
for i, value in ipairs(values) do
  notes[i] = redis.call('HGET', KEYS[5], string.format('%.0f', entry_at(value)))
end
return {values, notes}
