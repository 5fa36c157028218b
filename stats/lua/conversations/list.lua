-- Lists conversations, newest first. KEYS: stats, last_login, days, chats, heads. ARGV: how many.
-- Reply: {ids, heads (JSON)}.
local ids = redis.call('ZREVRANGE', KEYS[4], 0, ARGV[1] - 1)
local heads = {}
for i, id in ipairs(ids) do heads[i] = redis.call('HGET', KEYS[5], id) end
return {ids, heads}
