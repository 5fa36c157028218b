-- Keeps what is paid for when somebody goes to the portal, so that what changed there can be told.
-- KEYS: stats, last_login, days, billing, billing:ticket, billing:done, customers. ARGV: now (s).
if exists() then
  local subscriptions = redis.call('HGET', KEYS[4], 'subscriptions') or '[]'
  redis.call('HSET', KEYS[4], 'left', subscriptions, 'left_at', ARGV[1])
end
