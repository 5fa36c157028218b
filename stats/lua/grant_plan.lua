-- Sets or removes an operator's grant. KEYS: stats, last_login, billing.
-- ARGV: first day or '', the plan granted, all plans from the lowest.
-- Reply: nil without stats; else the snapshot.
if not ensure(ARGV[1]) then return false end
local granted, lowest = ARGV[2], ARGV[3]
local paid = redis.call('HGET', KEYS[3], 'plan') or lowest
local plan = lowest
for i = 3, #ARGV do
  if ARGV[i] == granted or ARGV[i] == paid then plan = ARGV[i] end
end
if granted == lowest then
  redis.call('HDEL', stats, 'grant')
else
  redis.call('HSET', stats, 'grant', granted)
end
redis.call('HSET', stats, 'plan', plan)
changed()
return {snapshot()}
