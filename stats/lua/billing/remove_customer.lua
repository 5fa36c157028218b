-- Forgets a Stripe customer of a user. KEYS: stats, last_login, days, billing, billing:ticket,
-- billing:done, customers. ARGV: customer.
redis.call('SREM', KEYS[7], ARGV[1])
redis.call('HDEL', KEYS[4], CLAIM .. ARGV[1])
