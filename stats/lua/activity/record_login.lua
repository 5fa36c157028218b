-- Counts a day as active. KEYS: stats, last_login, days.
-- ARGV: today, yesterday, the day before that, the day before which the last forgiven day must
-- lie for yesterday to be forgiven (all YYYY-MM-DD, which sort as they stand).
-- Reply: nil without stats; else {1 if the day was counted, snapshot...}.
if not exists() then return false end
local today, missed, before, limit = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local last = redis.call('GET', last_login)
if last and last >= today then return {0, snapshot()} end

local streak = 1
local forgiven = redis.call('HGET', stats, 'forgiven')
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
return {1, snapshot()}
