-- Lists conversations, newest first. KEYS: stats, last_login, days, chats, heads.
-- ARGV: how many, saved from (ms, or -inf), saved before (ms, or +inf). Reply: {ids, heads (JSON)}.
local ids = redis.call('ZREVRANGEBYSCORE', KEYS[4], ARGV[3], ARGV[2], 'LIMIT', 0, ARGV[1])
local heads = {}
for i, id in ipairs(ids) do heads[i] = redis.call('HGET', KEYS[5], id) end
return {ids, heads}
