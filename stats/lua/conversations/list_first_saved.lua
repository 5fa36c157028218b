-- Lists conversations by the time at which they were first saved, in no order.
-- KEYS: stats, last_login, days, chats, heads, bodies, ops, deleted, first_saved.
-- ARGV: first saved from (ms), first saved before (ms). Reply: {ids, heads (JSON), these times (ms)}.
local ids, times = first_saved_between(KEYS[4], KEYS[9], ARGV[1], '(' .. ARGV[2])
local heads = {}
for i, id in ipairs(ids) do heads[i] = redis.call('HGET', KEYS[5], id) end
return {ids, heads, times}
