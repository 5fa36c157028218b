-- The time zone and the start of day that are in force.
local KEPT_CLOCKS = 100

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
