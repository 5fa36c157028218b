-- Counts a hit unless there were too many. KEYS[1]: the hits, a sorted set by time (ms).
-- ARGV: now (ms), window (ms), limit, token.
-- Reply: 0 when it was counted, else the time (ms) until the next may be.
local hits, now, window = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', hits, '-inf', now - window)
if redis.call('ZCARD', hits) >= tonumber(ARGV[3]) then
  local oldest = redis.call('ZRANGE', hits, 0, 0, 'WITHSCORES')[2]
  return math.min(window, math.max(1, math.ceil(tonumber(oldest) + window - now)))
end
redis.call('ZADD', hits, now, ARGV[4])
redis.call('PEXPIRE', hits, window)
return 0
