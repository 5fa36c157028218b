-- Shared by all scripts that touch a user.
-- KEYS[1] is user:{id}:stats, KEYS[2] user:{id}:last_login, KEYS[3] user:{id}:days.
local stats, last_login, days = KEYS[1], KEYS[2], KEYS[3]
local KEPT_OPS, KEPT_CLOCKS = 64, 100

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

-- Sets where the user's days begin from `now` (ms) on; what was in force before stays for the past.
local function set_clock(timezone, day_start, now)
  local old = redis.call('HMGET', stats, 'timezone', 'day_start', 'clocks')
  local zone, start, clocks = old[1] or 'UTC', old[2] or '0', old[3] and old[3] .. ' ' or ''
  if zone ~= timezone or start ~= day_start then
    local _, count = string.gsub(clocks, ' ', '')
    if count >= KEPT_CLOCKS then clocks = string.gsub(clocks, '^%S+ ', '') end
    redis.call('HSET', stats, 'clocks', clocks .. table.concat({now, start, zone}, ':'))
    redis.call('HDEL', stats, 'active_until')
  end
  redis.call('HSET', stats, 'timezone', timezone, 'day_start', day_start, 'fresh_until', 0)
  redraw()
end

-- What every answer is made of: the stats' fields and the last active day (or nil).
local function snapshot()
  return redis.call('HGETALL', stats), redis.call('GET', last_login)
end

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

-- The recent conversations: at most three, newest first; a chat stands in them once.
local function read_recent()
  local stored = redis.call('HGET', stats, 'recent_conversations')
  if not stored or stored == '' then return {} end
  return cjson.decode(stored)
end

local function write_recent(recent)
  while #recent > 3 do table.remove(recent) end
  redis.call('HSET', stats, 'recent_conversations', #recent == 0 and '[]' or cjson.encode(recent))
end

local function without_chat(recent, id)
  local rest = {}
  for _, item in ipairs(recent) do
    if not id or item.id ~= id then rest[#rest + 1] = item end
  end
  return rest
end

local function insert_recent(recent, item)
  local place = 1
  while recent[place] and recent[place].timestamp > item.timestamp do place = place + 1 end
  table.insert(recent, place, item)
end

-- Mood entries: integers at * 128 + score * 10 in a list sorted by `at`, which is an entry's id.
local function entry_at(value)
  return math.floor(tonumber(value) / 128)
end

-- The index of the first entry at or after `at`, and that entry (nil behind the end).
local function find_mood(moods, at)
  local low, high = 0, redis.call('LLEN', moods)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if entry_at(redis.call('LINDEX', moods, middle)) < at then low = middle + 1 else high = middle end
  end
  return low, redis.call('LINDEX', moods, low)
end

-- The current score is the latest entry's, whatever was recorded or taken back.
local function refresh_mood(moods)
  local last = redis.call('LINDEX', moods, -1)
  if last then
    local at = entry_at(last)
    redis.call('HSET', stats, 'mood_score', string.format('%.1f', (tonumber(last) - at * 128) / 10),
      'mood_updated_at', string.format('%.0f', at))
  else
    redis.call('HSET', stats, 'mood_score', 0)
    redis.call('HDEL', stats, 'mood_updated_at')
  end
  redraw()
end

-- Removes an entry; returns it and its note (false where there is none), false without that entry.
local function remove_mood(moods, notes, id)
  local _, value = find_mood(moods, tonumber(id))
  if not value or entry_at(value) ~= tonumber(id) then return false end
  local note = redis.call('HGET', notes, id)
  redis.call('LREM', moods, 1, value)
  redis.call('HDEL', notes, id)
  if redis.call('HGET', stats, 'undo') == id then redis.call('HDEL', stats, 'undo') end
  refresh_mood(moods)
  return value, note
end

-- Tells whether a session of an account lives, and notes its use if that was long ago. All in s.
local function use_session(account, sessions, id, now, idle, longest, noted)
  local made, seen, agent = string.match(redis.call('HGET', sessions, id) or '', '^(%d+):(%d+):(.*)')
  if not made or redis.call('HEXISTS', account, 'name') == 0 then return false end
  if now - made >= tonumber(longest) or now - seen >= tonumber(idle) then return false end
  if now - seen >= tonumber(noted) then
    redis.call('HSET', sessions, id, made .. ':' .. now .. ':' .. agent)
  end
  return true
end

local function end_sessions_but(sessions, kept)
  local ended = 0
  for _, id in ipairs(redis.call('HKEYS', sessions)) do
    if id ~= kept then ended = ended + redis.call('HDEL', sessions, id) end
  end
  return ended
end

-- The plan is the higher of an operator's grant and what is paid for at `now` (s).
local RANK = {Free = 0, Plus = 1, Premium = 2}

local function refresh_plan(now)
  local plan = redis.call('HGET', stats, 'grant') or 'Free'
  for paid, ends in string.gmatch(redis.call('HGET', stats, 'paid') or '', '(%a+):(%d*)') do
    if (ends == '' or now < tonumber(ends)) and RANK[paid] > RANK[plan] then plan = paid end
  end
  if redis.call('HGET', stats, 'plan') ~= plan then
    redis.call('HSET', stats, 'plan', plan)
    changed()
  end
end

