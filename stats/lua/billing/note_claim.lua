-- Notes a Stripe customer that is about to be claimed for a user, so that a crash behind the claim
-- loses nothing. KEYS: stats, last_login, days, billing. ARGV: customer. Reply: 1, or 0 without stats.
if not exists() then return 0 end
redis.call('HSET', KEYS[4], CLAIM .. ARGV[1], '')
return 1
