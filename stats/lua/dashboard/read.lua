-- Reads all that a page shows.
-- KEYS: stats, last_login, days, account, sessions, moods, billing, notes, mood_tags.
-- ARGV: session id, time (ms) from which moods are wanted, the version that is shown or '', now (s),
-- time (ms) from which entries are wanted with what they say, or ''.
-- Reply: nil without session, account or stats; {session, until when (s)} while what is shown stands;
-- else {session, {name, email, created (s), theme, live}, moods, subscriptions, `read_latest` or
-- nil, snapshot...}.
local session = redis.call('HGET', KEYS[5], ARGV[1])
if not session then return false end
local shown = redis.call('HMGET', stats, 'version', 'fresh_until')
if not shown[1] then return false end
if shown[1] == ARGV[3] and tonumber(ARGV[4]) < tonumber(shown[2] or 0) then return {session, shown[2]} end
local account = redis.call('HMGET', KEYS[4], 'name', 'email', 'created', 'theme', 'live')
if not account[1] then return false end
return {session, account, redis.call('LRANGE', KEYS[6], (find_mood(KEYS[6], tonumber(ARGV[2]))), -1),
  redis.call('HGET', KEYS[7], 'subscriptions'),
  ARGV[5] ~= '' and read_latest(KEYS[6], KEYS[8], KEYS[9], ARGV[5]), snapshot()}
