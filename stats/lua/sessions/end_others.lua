-- Ends all sessions but one. KEYS: stats, last_login, days, account, sessions. ARGV: session id.
-- Reply: how many were ended.
return end_sessions_but(KEYS[5], ARGV[1])
