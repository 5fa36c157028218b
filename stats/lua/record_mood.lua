-- Records a mood entry and makes the latest one current. KEYS: stats, last_login, days, moods, notes, ops.
-- ARGV: first day or '', operation id or '', at (ms), score * 10, note.
-- Reply: nil without stats; else the snapshot.
if not ensure(ARGV[1]) then return false end
if not first_time(KEYS[6], ARGV[2]) then return {snapshot()} end
local moods, at = KEYS[4], tonumber(ARGV[3])
local place, there = find_mood(moods, at)
while there and entry_at(there) == at do
  at, place = at + 1, place + 1
  there = redis.call('LINDEX', moods, place)
end
local value = string.format('%.0f', at * 128 + tonumber(ARGV[4]))
if there then
  redis.call('LINSERT', moods, 'BEFORE', there, value)
else
  redis.call('RPUSH', moods, value)
end
local id = string.format('%.0f', at)
if ARGV[5] ~= '' then redis.call('HSET', KEYS[5], id, ARGV[5]) end
redis.call('HSET', stats, 'undo', id)
refresh_mood(moods)
return {snapshot()}
