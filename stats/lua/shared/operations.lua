-- Operations (stats/store/operations.py): what a client may repeat is done once.
local KEPT_OPS = 64

-- Remembers an operation, 'id:fingerprint'; false if it was carried out, so that nothing is done twice.
-- One whose id was used with another fingerprint ends the script.
local function first_time(ops, operation)
  if operation == '' then return true end
  local id, fingerprint, before = string.match(operation, '^([^:]*):?([^:]*):?(.*)$')
  local member = fingerprint == '' and id or id .. ':' .. fingerprint
  if redis.call('ZSCORE', ops, member) then return false end
  -- Older versions remembered the id alone, or another one.
  if redis.call('ZSCORE', ops, id) or redis.call('ZSCORE', ops, before) then return false end
  for _, other in ipairs(redis.call('ZRANGE', ops, 0, -1)) do
    if string.match(other, '^[^:]*') == id then error('OPERATION_REUSED', 0) end
  end
  local now = redis.call('TIME')
  local last = redis.call('ZREVRANGE', ops, 0, 0, 'WITHSCORES')[2] or 0
  redis.call('ZADD', ops, math.max(now[1] * 1000 + math.floor(now[2] / 1000), last + 1), member)
  redis.call('ZREMRANGEBYRANK', ops, 0, -KEPT_OPS - 1)
  return true
end
