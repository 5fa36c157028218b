-- Records a mood entry and makes the latest one current; one about this moment counts the day as active.
-- KEYS: stats, last_login, days, moods, notes, mood_tags, ops, account, sessions.
-- ARGV: first day or '', operation id or '', score * 10, note, tags (JSON) or '', since (ms) or '', now (s),
-- at (ms), 1 if that is about this moment, the day that a page called today or '', the user's day as
-- `count_day` takes it or five '' while it is not known; and, for a user's own hand: the session, idle
-- limit (s), age limit (s), when its use is noted again (s).
-- Reply: nil without stats or without that session; else {what was done, `read_latest` from `since` on or
-- nil, snapshot...}; done is 0 when the user's day is needed and nothing was, 2 when the operation is not
-- new and nothing was, else 1.
local own, now = ARGV[16], tonumber(ARGV[7])
if own and not use_session(KEYS[8], KEYS[9], own, now, unpack(ARGV, 17)) then return false end
if not ensure(ARGV[1]) then return false end
-- Until then the last active day is the user's day.
local same_day = now < tonumber(redis.call('HGET', stats, 'active_until') or 0)
local function reply(done)
  return {done, ARGV[6] ~= '' and read_latest(KEYS[4], KEYS[5], KEYS[6], ARGV[6]), snapshot()}
end
local counts = ARGV[9] == '1' and not same_day
local other_page = ARGV[10] ~= '' and not (same_day and redis.call('GET', last_login) == ARGV[10])
if (counts or other_page) and ARGV[11] == '' then return {0, false, snapshot()} end
if not first_time(KEYS[7], ARGV[2]) then return reply(2) end
if counts then count_day(unpack(ARGV, 11, 15)) end
local moods, at = KEYS[4], tonumber(ARGV[8])
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
local value = string.format('%.0f', at * 128 + tonumber(ARGV[3]))
if there then
  redis.call('LINSERT', moods, 'BEFORE', there, value)
else
  redis.call('RPUSH', moods, value)
end
local id = string.format('%.0f', at)
write_words(KEYS[5], KEYS[6], id, ARGV[4], ARGV[5])
redis.call('HSET', stats, 'undo', id)
refresh_mood(moods)
return reply(1)
