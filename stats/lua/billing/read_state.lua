-- Reads what is known of a user's billing.
-- KEYS: stats, last_login, days, billing, billing:ticket, billing:done, customers.
-- Reply: {stored subscriptions or nil, customers (read_customers)}.
return {redis.call('HGET', KEYS[4], 'subscriptions'), read_customers(KEYS[4], KEYS[7])}
