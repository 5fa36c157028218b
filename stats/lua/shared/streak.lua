-- Active days and the streak.
-- Counts a day as active unless it or a later one was; tells whether it did. `missed` is the day before
-- it and `before` the one before that; `missed` is forgiven if the last forgiven day lies before `limit`
-- (all YYYY-MM-DD, which sort as they stand). `ends` is when the day ends (s), 0 if that is not known.
local function count_day(today, missed, before, limit, ends)
  if ends ~= '0' then redis.call('HSET', stats, 'active_until', ends) end
  local last, forgiven = redis.call('GET', last_login), redis.call('HGET', stats, 'forgiven')
  if last and last >= today then return false end
  local streak = 1
  if last == missed then
    streak = redis.call('HINCRBY', stats, 'streak', 1)
  elseif last == before and (not forgiven or forgiven < limit) then
    streak = redis.call('HINCRBY', stats, 'streak', 1)
    redis.call('HSET', stats, 'forgiven', missed)
  else
    redis.call('HSET', stats, 'streak', 1)
  end
  if streak > tonumber(redis.call('HGET', stats, 'longest_streak') or 0) then
    redis.call('HSET', stats, 'longest_streak', streak)
  end
  redis.call('HINCRBY', stats, 'days_active', 1)
  was_active(today)
  changed()
  return true
end
