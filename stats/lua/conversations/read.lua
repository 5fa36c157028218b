-- Reads one conversation. KEYS: stats, last_login, days, chats, heads, bodies. ARGV: chat id.
-- Reply: {head (JSON) or nil, messages (JSON) or nil}.
return {redis.call('HGET', KEYS[5], ARGV[1]), redis.call('HGET', KEYS[6], ARGV[1])}
