-- Keeps an event that fits no user, and of all the latest alone. KEYS: billing:orphans.
-- ARGV: event id, the event (JSON), how many may be kept.
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
local excess = redis.call('HLEN', KEYS[1]) - tonumber(ARGV[3])
if excess <= 0 then return end
local stored, orphans = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #stored, 2 do
  orphans[#orphans + 1] = {at = cjson.decode(stored[i + 1]).at, id = stored[i]}
end
table.sort(orphans, function(a, b) return a.at < b.at or (a.at == b.at and a.id < b.id) end)
for i = 1, excess do redis.call('HDEL', KEYS[1], orphans[i].id) end
