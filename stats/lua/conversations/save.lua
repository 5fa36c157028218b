-- Saves a conversation, counts it once, lists it among the recent.
-- KEYS: stats, last_login, days, chats, heads, bodies, ops, deleted, first_saved.
-- ARGV: first day or '', operation id or '', chat id, time (ms), recent line (JSON), head (JSON),
-- messages (JSON), the end of the user's day (s) or 0 if unknown.
-- Reply: nil without stats; {0, snapshot...} when the end of the day is needed, nothing done;
-- else {the stored head if nothing was saved, or nil, snapshot...}.
if not ensure(ARGV[1]) then return false end
local id, now, day_ends = ARGV[3], math.floor(tonumber(ARGV[4]) / 1000), tonumber(ARGV[8])
local same_day = now < tonumber(redis.call('HGET', stats, 'used_until') or 0)
if not same_day and day_ends == 0 then return {0, snapshot()} end
if not first_time(KEYS[7], ARGV[2]) then
  return {redis.call('HGET', KEYS[5], id), snapshot()}
end
-- One that was deleted was counted when it was saved first.
local counted = redis.call('HEXISTS', KEYS[5], id) + redis.call('SISMEMBER', KEYS[8], id)
if counted == 0 then
  redis.call('HINCRBY', stats, 'conversations', 1)
  if same_day then
    redis.call('HINCRBY', stats, 'used', 1)
  else
    redis.call('HSET', stats, 'used', 1, 'used_until', day_ends)
  end
end
redis.call('HSET', KEYS[5], id, ARGV[6])
redis.call('HSET', KEYS[6], id, ARGV[7])
redis.call('SREM', KEYS[8], id)
-- The list goes by its last time; the day on which it was is the first one's.
local before = redis.call('ZSCORE', KEYS[4], id)
if before then redis.call('ZADD', KEYS[9], 'NX', string.format('%.0f', math.floor(before)), id) end
-- Those of one millisecond stand in the order in which they came.
redis.call('ZREM', KEYS[4], id)
local same = redis.call('ZCOUNT', KEYS[4], ARGV[4], '(' .. (tonumber(ARGV[4]) + 1))
redis.call('ZADD', KEYS[4], tonumber(ARGV[4]) + same / 1000, id)
local recent = without_chat(read_recent(), id)
insert_recent(recent, cjson.decode(ARGV[5]))
write_recent(recent)
changed()
return {false, snapshot()}
