-- Records a mood entry and makes the latest one current.
-- KEYS: stats, last_login, days, moods, notes, ops, account, sessions.
-- ARGV: first day or '', operation id or '', at (ms), score * 10, note; and, for a user's own hand: the
-- session, now (s), idle limit (s), age limit (s), when its use is noted again (s).
-- Reply: nil without stats or without that session; else the snapshot.
if ARGV[6] and not use_session(KEYS[7], KEYS[8], ARGV[6], unpack(ARGV, 7)) then return false end
if not ensure(ARGV[1]) then return false end
if not first_time(KEYS[6], ARGV[2]) then return {snapshot()} end
local moods, at = KEYS[4], tonumber(ARGV[3])
local place = find_mood(moods, at)
-- A moment that is taken gives way to the next free one. No two ids are equal, so an id less its
-- index never falls, and the end of a run without gaps is found by halving.
local low, high = place, redis.call('LLEN', moods)
while low < high do
  local middle = math.floor((low + high) / 2)
  local in_run = entry_at(redis.call('LINDEX', moods, middle)) - middle <= at - place
  if in_run then low = middle + 1 else high = middle end
end
at = at + low - place
local there = redis.call('LINDEX', moods, low)
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
