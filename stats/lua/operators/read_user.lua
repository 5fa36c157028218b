-- Reads what an operator sees of a user. KEYS: stats, last_login, days, account, customers.
-- Reply: nil without stats; else {the account's fields: name, e-mail, created (s), sample, confirmed (s), totp_since
-- (s), each or nil; 1 if there is an account; 1 if it has a password; how many customers; the snapshot}.
if not exists() then return false end
local account = redis.call('HMGET', KEYS[4], 'name', 'email', 'created', 'sample', 'confirmed', 'totp_since')
return {account, redis.call('EXISTS', KEYS[4]), redis.call('HEXISTS', KEYS[4], 'password'),
  redis.call('SCARD', KEYS[5]), snapshot()}
