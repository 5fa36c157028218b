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
