-- Claims the notice that codes are locked, once for each row of wrong ones.
-- KEYS: stats, last_login, days, account. Reply: the account's address; nil when nobody is to be told.
local account = KEYS[4]
if redis.call('HEXISTS', account, 'codes_locked') == 0 then return false end
if redis.call('HSETNX', account, 'codes_lock_told', 1) == 0 then return false end
return redis.call('HGET', account, 'email')
