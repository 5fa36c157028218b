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
