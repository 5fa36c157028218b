-- Writes a try down unless there were too many. KEYS[1]: the tries, a sorted set by time (ms).
-- ARGV: now (ms), window (ms), how many are allowed, token.
-- Reply: 0 when it was written down, else the time (ms) until the next may be.
local tries, now, window = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', tries, '-inf', now - window)
if redis.call('ZCARD', tries) >= tonumber(ARGV[3]) then
  local oldest = redis.call('ZRANGE', tries, 0, 0, 'WITHSCORES')[2]
  return math.min(window, math.max(1, math.ceil(tonumber(oldest) + window - now)))
end
redis.call('ZADD', tries, now, ARGV[4])
redis.call('PEXPIRE', tries, window)
return 0
