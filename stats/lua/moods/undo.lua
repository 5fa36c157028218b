-- Takes the entry recorded last back, once. KEYS: stats, last_login, days, moods, notes, ops.
-- ARGV: operation id or ''. Reply: nil without stats; else the snapshot.
if not exists() then return false end
if not first_time(KEYS[6], ARGV[1]) then return {snapshot()} end
local id = redis.call('HGET', stats, 'undo')
if id then
  redis.call('HDEL', stats, 'undo')
  remove_mood(KEYS[4], KEYS[5], id)
end
return {snapshot()}
