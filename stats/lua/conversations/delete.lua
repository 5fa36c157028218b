-- Deletes a conversation; the next older one takes its place among the recent.
-- KEYS: stats, last_login, days, chats, heads, bodies, ops, deleted, first_saved.
-- ARGV: chat id.
-- Reply: nil when there is none; else the snapshot.
local id = ARGV[1]
if not exists() or redis.call('HDEL', KEYS[5], id) == 0 then return false end
redis.call('HDEL', KEYS[6], id)
redis.call('ZREM', KEYS[4], id)
redis.call('ZREM', KEYS[9], id)
redis.call('SADD', KEYS[8], id)
local recent = without_chat(read_recent(), id)
for _, chat in ipairs(redis.call('ZREVRANGE', KEYS[4], 0, 2)) do
  local head = cjson.decode(redis.call('HGET', KEYS[5], chat))
  recent = without_chat(recent, chat)
  insert_recent(recent, {timestamp = head.timestamp, summary = head.summary, id = chat})
end
write_recent(recent)
changed()
return {snapshot()}
