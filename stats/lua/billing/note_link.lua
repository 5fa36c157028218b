-- Notes when a user was first sent to a Payment Link. KEYS: stats, last_login, days, billing.
-- ARGV: now (s).
if exists() then redis.call('HSETNX', KEYS[4], 'link_at', ARGV[1]) end
