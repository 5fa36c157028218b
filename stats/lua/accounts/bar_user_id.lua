-- Bars a user id that has no stats from ever being given an account, and clears what is left of it.
-- KEYS: stats, last_login, days, account, sessions, void. Reply: 1 when it is barred, 0 when the user exists.
if exists() then return 0 end
redis.call('UNLINK', KEYS[4], KEYS[5])
redis.call('SET', KEYS[6], 1, 'EX', 3600)
return 1
