-- Lists conversations, newest first. KEYS: stats, last_login, days, chats, heads.
-- ARGV: how many, how many newer ones to leave out. Reply: {ids, heads (JSON), how many there are in all}.
local ids = redis.call('ZREVRANGE', KEYS[4], ARGV[2], ARGV[2] + ARGV[1] - 1)
local heads = {}
for i, id in ipairs(ids) do heads[i] = redis.call('HGET', KEYS[5], id) end
return {ids, heads, redis.call('ZCARD', KEYS[4])}
