-- Notes a Stripe customer of a user. KEYS: stats, last_login, days, billing, billing:ticket, billing:done,
-- customers. ARGV: customer. Reply: 1, or 0 without stats.
if not exists() then return 0 end
note_customer(KEYS[4], KEYS[7], ARGV[1])
return 1
