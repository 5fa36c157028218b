-- The stats of a user: whether they exist, made, changed, read. Every script about a user begins with it.
-- KEYS[1] is user:{id}:stats, KEYS[2] user:{id}:last_login, KEYS[3] user:{id}:days.
local stats, last_login, days = KEYS[1], KEYS[2], KEYS[3]

local function exists()
  return redis.call('EXISTS', stats) == 1
end

local function was_active(day)
  redis.call('SET', last_login, day)
  redis.call('RPUSH', days, (string.gsub(day, '-', '')))
end

-- The version begins at the time of creation, so that a user who was deleted and made anew
-- never shows an old page's version as current.
local function create(day)
  local now = redis.call('TIME')
  redis.call('HSET', stats, 'conversations', 0, 'mood_score', 0, 'days_active', 1,
    'recent_conversations', '[]', 'plan', 'Free', 'streak', 1, 'longest_streak', 1,
    'version', string.format('%.0f', now[1] * 1000000 + now[2]), 'fresh_until', 0)
  was_active(day)
end

-- Makes the stats when `day` is given and there are none; tells whether there are some now.
local function ensure(day)
  if exists() then return true end
  if day == '' then return false end
  create(day)
  return true
end

local function changed()
  return redis.call('HINCRBY', stats, 'version', 1)
end

-- What the charts show has changed: the moods, or the days on which they lie.
local function redraw()
  redis.call('HSET', stats, 'drawn', string.format('%.0f', changed()))
end

-- What every answer is made of: the stats' fields and the last active day (or nil).
local function snapshot()
  return redis.call('HGETALL', stats), redis.call('GET', last_login)
end
