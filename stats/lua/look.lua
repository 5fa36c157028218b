-- Reads all that a page shows. KEYS: stats, last_login, account, sessions, moods, billing.
-- ARGV: session id, time (ms) from which moods are wanted.
-- Reply: nil without session, account or stats; else {session, {name, email, created (s)}, moods, subscriptions, snapshot...}.
local session = redis.call('HGET', KEYS[4], ARGV[1])
if not session or not exists() then return false end
local account = redis.call('HMGET', KEYS[3], 'name', 'email', 'created')
if not account[1] then return false end
local place = find_mood(KEYS[5], tonumber(ARGV[2]))
return {session, account, redis.call('LRANGE', KEYS[5], place, -1),
  redis.call('HGET', KEYS[6], 'subscriptions'), snapshot()}
