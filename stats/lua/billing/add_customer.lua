-- Notes a Stripe customer of a user. KEYS: stats, last_login, days, billing, billing:ticket, billing:done,
-- customers. ARGV: customer.
if exists() then redis.call('SADD', KEYS[7], ARGV[1]) end
