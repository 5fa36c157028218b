-- Deletes all keys of a user. KEYS: account, then every key of the user (account again included).
-- Reply: the account's e-mail address, nil where there was none.
local address = redis.call('HGET', KEYS[1], 'email')
redis.call('UNLINK', unpack(KEYS))
return address
