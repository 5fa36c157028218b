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

-- Ends all sessions but one, which goes on under a new id: a copy of its cookie ends with the others.
-- Tells whether it lived; without it nothing is ended.
local function renew_session(sessions, id, new_id)
  local own = redis.call('HGET', sessions, id)
  if not own then return false end
  redis.call('DEL', sessions)
  redis.call('HSET', sessions, new_id, own)
  return true
end
