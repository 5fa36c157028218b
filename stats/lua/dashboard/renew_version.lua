-- Gives what is shown a new version once the clock has changed it; a plan that has ended falls.
-- KEYS: stats, last_login, days. ARGV: the fresh_until that was seen, the new one, now (s).
-- Reply: nil without stats; else the snapshot.
if not exists() then return false end
if (redis.call('HGET', stats, 'fresh_until') or '0') == ARGV[1] then
  redis.call('HSET', stats, 'fresh_until', ARGV[2])
  changed()
  refresh_plan(tonumber(ARGV[3]))
end
return {snapshot()}
