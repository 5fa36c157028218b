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

-- Ends the sessions that have run out and, of the others, those unused for longest beyond `most`.
local function end_old_sessions(sessions, now, idle, longest, most)
  local live, all = {}, redis.call('HGETALL', sessions)
  for i = 1, #all, 2 do
    local made, seen = string.match(all[i + 1], '^(%d+):(%d+):')
    if not made or now - made >= longest or now - seen >= idle then
      redis.call('HDEL', sessions, all[i])
    else
      live[#live + 1] = {id = all[i], made = tonumber(made), seen = tonumber(seen)}
    end
  end
  table.sort(live, function(a, b)
    if a.seen ~= b.seen then return a.seen < b.seen end
    return a.made < b.made
  end)
  for i = 1, #live - most do redis.call('HDEL', sessions, live[i].id) end
end
