-- Operation ids: what a client may repeat is done once.
local KEPT_OPS = 64

-- Remembers an operation id; false if it was known, so that nothing is done twice.
local function first_time(ops, op)
  if op == '' then return true end
  if redis.call('ZSCORE', ops, op) then return false end
  local now = redis.call('TIME')
  local last = redis.call('ZREVRANGE', ops, 0, 0, 'WITHSCORES')[2] or 0
  redis.call('ZADD', ops, math.max(now[1] * 1000 + math.floor(now[2] / 1000), last + 1), op)
  redis.call('ZREMRANGEBYRANK', ops, 0, -KEPT_OPS - 1)
  return true
end
