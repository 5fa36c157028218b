-- Lists conversations after a place in the list, newest first: what is saved meanwhile moves none of them.
-- KEYS: stats, last_login, days, chats, heads. ARGV: how many, the place: score and id, or '' and ''.
-- Reply: {ids and their scores, heads (JSON), whether more follow (1 or 0)}.
local chats, many, score, last, skip = KEYS[4], tonumber(ARGV[1]), ARGV[2], ARGV[3], 0
local now = redis.call('ZSCORE', chats, last)
if now and math.floor(tonumber(now)) == math.floor(tonumber(score)) then
  skip = redis.call('ZREVRANK', chats, last) + 1
elseif score ~= '' then
  -- It was deleted or saved again: those before its place are those with a higher score.
  skip = redis.call('ZCOUNT', chats, '(' .. score, '+inf')
end
local ranked = redis.call('ZREVRANGE', chats, skip, skip + many - 1, 'WITHSCORES')
local heads = {}
for i = 1, #ranked, 2 do heads[#heads + 1] = redis.call('HGET', KEYS[5], ranked[i]) end
return {ranked, heads, redis.call('ZCARD', chats) > skip + many and 1 or 0}
