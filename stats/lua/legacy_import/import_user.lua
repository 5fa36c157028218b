-- Puts what is known about a user of the old layout beside what there is already; once.
-- KEYS: stats, last_login, days, moods, notes.
-- ARGV: 1 to look only; 1 if an earlier run moved this id in; conversations, days active, last
-- active day or '', plan to grant or '', now (s), then three lists, each its length and its items: active days (YYYYMMDD), recent
-- conversations (JSON, oldest first), moods (integer, note).
-- Reply: {1 if this was done before, the mark}; the mark is "new" or "merged", and the plan granted,
-- or "gone": moved in by an earlier run and deleted since.
local moods, notes = KEYS[4], KEYS[5]
local mark = redis.call('HGET', stats, 'imported')
if mark then return {1, mark} end
if ARGV[2] == '1' then return {1, 'gone'} end
local grant = redis.call('HEXISTS', stats, 'grant') == 1 and '' or ARGV[6]
mark = exists() and 'merged' or 'new'
if grant ~= '' then mark = mark .. ' ' .. grant end
if ARGV[1] == '1' then return {0, mark} end

local place = 8
local function next_list()
  local first, last = place + 1, place + tonumber(ARGV[place])
  place = last + 1
  return first, last
end

local function write(command, key, items)
  -- Lua's stack holds some 8,000 values.
  for from = 1, #items, 1000 do
    redis.call(command, key, unpack(items, from, math.min(from + 999, #items)))
  end
end

local function rewrite(key, items)
  redis.call('DEL', key)
  write('RPUSH', key, items)
end

-- Days since 1970 of YYYYMMDD, but for a constant (a year that begins in March ends in its leap day).
local function number_of(day)
  local year, month = math.floor(day / 10000), math.floor(day / 100) % 100
  if month < 3 then year, month = year - 1, month + 12 end
  local leaps = math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
  return 365 * year + leaps + math.floor((153 * (month - 3) + 2) / 5) + day % 100
end

if not exists() then
  local now = redis.call('TIME')
  redis.call('HSET', stats, 'conversations', 0, 'days_active', 0, 'recent_conversations', '[]',
    'plan', 'Free', 'streak', 1, 'longest_streak', 1,
    'version', string.format('%.0f', now[1] * 1000000 + now[2]))
end
redis.call('HSET', stats, 'imported', mark, 'fresh_until', 0)
redis.call('HINCRBY', stats, 'conversations', ARGV[3])

-- A day that both know is one day.
local all, seen, both = {}, {}, 0
for _, day in ipairs(redis.call('LRANGE', days, 0, -1)) do
  all[#all + 1], seen[tonumber(day)] = tonumber(day), true
end
local first, last = next_list()
for i = first, last do
  local day = tonumber(ARGV[i])
  if seen[day] then both = both + 1 else all[#all + 1] = day end
end
table.sort(all)
rewrite(days, all)
local active = redis.call('HGET', stats, 'days_active') + ARGV[4] - both
redis.call('HSET', stats, 'days_active', math.max(active, #all))

-- The streak is what the known days prove, or what was counted here up to the same last day.
local run, longest, before = 0, 1, nil
for _, day in ipairs(all) do
  local number = number_of(day)
  run = number - 1 == before and run + 1 or 1
  longest, before = math.max(longest, run), number
end
local had, known = redis.call('GET', last_login) or '', redis.call('HMGET', stats, 'streak', 'longest_streak')
if had >= ARGV[5] then run = math.max(run, tonumber(known[1])) else redis.call('SET', last_login, ARGV[5]) end
redis.call('HSET', stats, 'streak', math.max(run, 1),
  'longest_streak', math.max(longest, run, tonumber(known[2])))

local function listed(recent, item)
  for _, other in ipairs(recent) do
    if other.timestamp == item.timestamp and other.summary == item.summary then return true end
  end
  return false
end

local recent = read_recent()
first, last = next_list()
for i = first, last do
  local item = cjson.decode(ARGV[i])
  if not listed(recent, item) then insert_recent(recent, item) end
end
write_recent(recent)

-- An entry of the same moment and score is the same; another one of that moment comes right after.
local entries, here, taken, noted = redis.call('LRANGE', moods, 0, -1), {}, {}, {}
local merged = #entries > 0
for i, value in ipairs(entries) do
  entries[i] = tonumber(value)
  here[entries[i]], taken[entry_at(value)] = true, true
end
first, last = next_list()
for i = first, last, 2 do
  local value, note = tonumber(ARGV[i]), ARGV[i + 1]
  local at = math.floor(value / 128)
  if here[value] then
    if note ~= '' then redis.call('HSETNX', notes, string.format('%.0f', at), note) end
  else
    while taken[at] do at, value = at + 1, value + 128 end
    taken[at], entries[#entries + 1] = true, value
    if note ~= '' then noted[#noted + 1], noted[#noted + 2] = string.format('%.0f', at), note end
  end
end
if merged then table.sort(entries) end
for i, value in ipairs(entries) do entries[i] = string.format('%.0f', value) end
rewrite(moods, entries)
write('HSET', notes, noted)

if grant ~= '' then redis.call('HSET', stats, 'grant', grant) end
refresh_plan(tonumber(ARGV[7]))
refresh_mood(moods)
return {0, mark}
