-- Deletes all keys of a user. KEYS: account, customers, then every key of the user.
-- Reply: {the account's e-mail address or nil, Stripe customers...}.
local reply = {redis.call('HGET', KEYS[1], 'email')}
for _, customer in ipairs(redis.call('SMEMBERS', KEYS[2])) do reply[#reply + 1] = customer end
redis.call('UNLINK', unpack(KEYS))
return reply
