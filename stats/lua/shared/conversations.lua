-- The ids of conversations first saved from `since` to `before` (ms, as ZRANGEBYSCORE has bounds), and
-- these times (ms), in no order.
local function first_saved_between(chats, first_saved, since, before)
  local ids, times = {}, {}
  local function add(id, time) ids[#ids + 1], times[#times + 1] = id, time end
  local again = redis.call('ZRANGEBYSCORE', first_saved, since, before, 'WITHSCORES')
  for i = 1, #again, 2 do add(again[i], again[i + 1]) end
  local last = redis.call('ZRANGEBYSCORE', chats, since, before, 'WITHSCORES')
  for i = 1, #last, 2 do
    if not redis.call('ZSCORE', first_saved, last[i]) then add(last[i], last[i + 1]) end
  end
  return ids, times
end
