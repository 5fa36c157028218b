-- Removes a look-up if it still points to this user. KEYS: look-up. ARGV: user id.
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
