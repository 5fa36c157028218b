-- Saves a conversation, counts it once, lists it among the recent.
-- KEYS: stats, last_login, chats, heads, bodies, ops.
-- ARGV: first day or '', operation id or '', the chat's operation id, chat id, time (ms),
-- recent line (JSON), head (JSON), messages (JSON).
-- Reply: nil without stats; else {the stored head if nothing was saved, snapshot...}.
if not ensure(ARGV[1]) then return false end
local id = ARGV[4]
if not first_time(KEYS[6], ARGV[2]) then
  return {redis.call('HGET', KEYS[4], id), snapshot()}
end
local known = redis.call('HEXISTS', KEYS[4], id) == 1
if first_time(KEYS[6], ARGV[3]) and not known then
  redis.call('HINCRBY', stats, 'conversations', 1)
end
redis.call('HSET', KEYS[4], id, ARGV[7])
redis.call('HSET', KEYS[5], id, ARGV[8])
redis.call('ZADD', KEYS[3], ARGV[5], id)
local recent = without_chat(read_recent(), id)
insert_recent(recent, cjson.decode(ARGV[6]))
write_recent(recent)
changed()
return {false, snapshot()}
