-- Reads what is known of a user's billing.
-- KEYS: stats, last_login, days, billing, billing:ticket, billing:done, customers.
-- Reply: {stored subscriptions or nil, customers}.
return {redis.call('HGET', KEYS[4], 'subscriptions'), redis.call('SMEMBERS', KEYS[7])}
