-- Lists conversations, newest first. KEYS: stats, last_login, chats, heads. ARGV: how many.
-- Reply: {ids, heads (JSON)}.
local ids = redis.call('ZREVRANGE', KEYS[3], 0, tonumber(ARGV[1]) - 1)
local heads = {}
for i, id in ipairs(ids) do heads[i] = redis.call('HGET', KEYS[4], id) end
return {ids, heads}
