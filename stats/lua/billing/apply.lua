-- Writes what Stripe said, unless a later question was answered already.
-- KEYS: stats, last_login, days, billing, billing:ticket, billing:done.
-- ARGV: ticket, event id or '', now (s), forget done events before (s), subscriptions (JSON),
-- paid ("Plan:end Plan:end").
-- Reply: nil without stats; 0 when the answer was too old; 1 when it was written.
if not exists() then return false end
local ticket, event, now = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
if event ~= '' then
  redis.call('ZADD', KEYS[6], now, event)
  redis.call('ZREMRANGEBYSCORE', KEYS[6], '-inf', '(' .. ARGV[4])
end
if ticket <= tonumber(redis.call('HGET', KEYS[4], 'applied') or 0) then return 0 end
redis.call('HSET', KEYS[4], 'applied', ticket, 'asked', now)
-- Stats that were deleted and made anew lost what is paid, whatever the subscriptions say.
local paid = redis.call('HGET', stats, 'paid') or ''
if paid ~= ARGV[6] or redis.call('HGET', KEYS[4], 'subscriptions') ~= ARGV[5] then
  redis.call('HSET', KEYS[4], 'subscriptions', ARGV[5])
  redis.call('HSET', stats, 'paid', ARGV[6], 'fresh_until', 0)
  changed()
end
refresh_plan(now)
return 1
