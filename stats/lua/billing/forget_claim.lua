-- Forgets that a Stripe customer was about to be claimed: it is another user's.
-- KEYS: stats, last_login, days, billing. ARGV: customer.
redis.call('HDEL', KEYS[4], CLAIM .. ARGV[1])
