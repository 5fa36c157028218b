-- Sets or removes an operator's grant. KEYS: stats, last_login, days, ops.
-- ARGV: first day or '', the plan granted, now (s), operation id or ''.
-- Reply: nil without stats; else the snapshot.
if not ensure(ARGV[1]) then return false end
if not first_time(KEYS[4], ARGV[4]) then return {snapshot()} end
if ARGV[2] == 'Free' then
  redis.call('HDEL', stats, 'grant')
else
  redis.call('HSET', stats, 'grant', ARGV[2])
end
refresh_plan(tonumber(ARGV[3]))
return {snapshot()}
