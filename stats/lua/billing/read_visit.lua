-- Reads what was paid for at the last visit to the portal, and when that began.
-- KEYS: stats, last_login, days, billing, billing:ticket, billing:done, customers.
-- Reply: {stored subscriptions or nil, moment (s) or nil}.
return redis.call('HMGET', KEYS[4], 'left', 'left_at')
